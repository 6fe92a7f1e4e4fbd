package markdown

import "testing"

func TestReplace(t *testing.T) {
	const document = "# Title\n<!-- bench:tax -->\nold\n<!-- end -->\ntext\n"
	for _, c := range []struct {
		name, text, want string
		tables           map[string]string
	}{
		{"a table stands where the old one stood", document,
			"# Title\n<!-- bench:tax -->\nnew\n<!-- end -->\ntext\n", map[string]string{"tax": "new\n"}},
		{"no table, no change", document, document, nil},
		{"a table without a place is an error", document, "", map[string]string{"cost": "new\n"}},
		{"a place without an end is an error", "<!-- bench:tax -->\n", "", map[string]string{"tax": "new\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Replace(c.text, "bench", c.tables)
			if got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
