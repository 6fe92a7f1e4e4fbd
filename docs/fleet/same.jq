# Compares statistics of the same recordings: of `sendmsgrec stats --json`, then of
# stats_job.py.
#
#     jq -s -e -f same.jq local.json fleet.json
#
# Everything that is counted or summed up must be equal. Where stats has kept all
# durations, quantiles must be too; else they may be off by the relative error that
# it states, and bounds by twice that. Prints what differs, and true or false.

# What is told of all recordings and of each.
def told: [.events, .lost, (.lost_by_cause | with_entries(select(.value > 0))), .missing,
    (.recordings | map([.recording_id, .host, .events, .lost]) | sort)];

def groups: [.total] + (.groups | sort_by(.key | tojson));

def is_quantile: startswith("p");

# A group without what may be inexact.
def counted: del(.relative_error, .duration_bounds_ns)
    | .duration_ns |= ((. // {}) | with_entries(select(.key | is_quantile | not)));

# What may be inexact, as [name, value, times the relative error].
def estimated: [((.duration_ns // {}) | to_entries[] | select(.key | is_quantile) | [.key, .value, 1]),
    ((.duration_bounds_ns // {}) | to_entries[] | [.key + " at least", .value[0], 2], [.key + " at most", .value[1], 2])];

def near($exact; $error): . == $exact
    or (. != null and $exact != null and ((. - $exact) | fabs) <= $error * $exact);

.[0] as $file | .[1] as $spark
| [
    (select(($file | told) != ($spark | told)) | {file: ($file | told), spark: ($spark | told)}),
    ([($file | groups), ($spark | groups)] | transpose[] | . as [$f, $s]
        | if ($f | counted) != ($s | counted) then {file: ($f | counted), spark: ($s | counted)} else
            ([($f | estimated), ($s | estimated)] | transpose[] | . as [$a, $b]
                | select($a[0] != $b[0] or ($a[1] | near($b[1]; $a[2] * $f.relative_error) | not))
                | {key: $f.key, file: $a, spark: $b})
          end)
  ]
| .[], . == []
