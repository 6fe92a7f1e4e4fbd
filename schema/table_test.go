package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/schema.md")

// TestColumnsOnlyGrow compares with the list of every column that was ever
// written: a line may be added, none may change. -update adds, and does not
// change either.
func TestColumnsOnlyGrow(t *testing.T) {
	const path = "testdata/columns.txt"
	var now []string
	for _, c := range schema.All() {
		now = append(now, fmt.Sprintf("%d:%s:%s:%s", c.ID, c.Name, c.Kind, c.Table))
	}
	text, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	golden := strings.Fields(string(text))
	for i, line := range golden {
		if i >= len(now) || now[i] != line {
			t.Fatalf("column %s was written by a released version and must stay as it is", line)
		}
	}
	if len(golden) == len(now) {
		return
	}
	if !*update {
		t.Fatalf("%s lacks new columns, from %s on: run with -update", path, now[len(golden)])
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(now, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestIDsAreDenseAndNamesUnique(t *testing.T) {
	names := map[string]bool{}
	for i, c := range schema.All() {
		if int(c.ID) != i+1 {
			t.Errorf("%s has id %d at place %d", c.Name, c.ID, i)
		}
		if names[c.Name] {
			t.Errorf("two columns are named %s", c.Name)
		}
		names[c.Name] = true
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(c.Name) {
			t.Errorf("%q is no name", c.Name)
		}
		if schema.ByName(c.Name).ID != c.ID || schema.ByID(c.ID).Name != c.Name {
			t.Errorf("%s is not found by its name and id", c.Name)
		}
	}
	if len(schema.All()) != int(schema.MaxColumnID) {
		t.Errorf("%d columns, MaxColumnID is %d", len(schema.All()), schema.MaxColumnID)
	}
	for _, d := range schema.AllDecoded() {
		if names[d.Name] {
			t.Errorf("decoded field %s has the name of another", d.Name)
		}
		names[d.Name] = true
	}
	if schema.ByID(0) != nil || schema.ByID(schema.MaxColumnID+1) != nil || schema.ByName("") != nil {
		t.Error("a column is found that does not exist")
	}
}

func TestEveryColumnIsDescribed(t *testing.T) {
	groups, _ := schema.Groups()
	for _, c := range schema.Columns() {
		if !slices.Contains(groups, c.Group) {
			t.Errorf("%s is of group %q, which is not shown", c.Name, c.Group)
		}
		if !strings.HasSuffix(c.Doc, ".") {
			t.Errorf("the description of %s is no sentence: %q", c.Name, c.Doc)
		}
		if (c.Type == schema.TypeEnum) != (c.Enum != nil) {
			t.Errorf("%s is an enum without names, or names without an enum", c.Name)
		}
		if c.Tags&(schema.TagKernel|schema.TagUser) == 0 {
			t.Errorf("%s is neither from the kernel nor from user space", c.Name)
		}
		switch isBytes := c.Type == schema.TypeBytes || c.Type == schema.TypeString; {
		case isBytes != (c.Kind == schema.KindBytes):
			t.Errorf("%s holds %s as %s", c.Name, c.Type, c.Kind)
		case strings.HasSuffix(c.Name, "_ns") != (c.Unit == "ns"), strings.HasSuffix(c.Name, "_bytes") && c.Unit != "bytes":
			t.Errorf("the unit of %s is %q", c.Name, c.Unit)
		}
	}
}

func TestEachTableHasARefAndItsOwnColumns(t *testing.T) {
	for table := schema.TableTask; table < schema.NumTables; table++ {
		ref := schema.ByID(schema.RefOf(table))
		if !ref.IsRef() || ref.Ref != table || ref.Table != schema.TableEvent || ref.Nullable() {
			t.Errorf("%s: the ref column is %+v", table, ref)
		}
	}
	for _, d := range schema.AllDecoded() {
		if len(d.Inputs) == 0 || schema.ByID(d.After) == nil || d.Doc == "" || d.JSON == "" {
			t.Errorf("decoded field %+v", d)
		}
	}
}

func TestEnumNamesAreUnique(t *testing.T) {
	for _, c := range schema.Columns() {
		if c.Enum == nil {
			continue
		}
		seen := map[string]bool{}
		values, names := c.Enum.Sorted()
		for i, name := range names {
			if seen[name] {
				t.Errorf("%s has two values named %s", c.Name, name)
			}
			seen[name] = true
			if v, ok := c.Enum.Value(name); !ok || v != values[i] {
				t.Errorf("%s %s is %d, want %d", c.Name, name, v, values[i])
			}
		}
	}
	if got := schema.FamilyEnum.Name(99); got != "99" {
		t.Errorf("a value without a name is shown as %q", got)
	}
}

func TestWriteText(t *testing.T) {
	var b bytes.Buffer
	if err := schema.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if len(line) > 100 || strings.TrimRight(line, " ") != line {
			t.Errorf("the line is too long or has spaces at its end: %q", line)
		}
	}
	for _, c := range schema.Columns() {
		if !strings.Contains(b.String(), "\n  "+c.Name+" ") {
			t.Errorf("%s is missing", c.Name)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := schema.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Version int `json:"schema_version"`
		Columns []struct {
			ID   int
			Name string
			Tags []string
			Enum map[string]string
		}
		Decoded []struct{ Name string }
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Version != schema.Version || len(back.Columns) != len(schema.Columns()) || len(back.Decoded) != len(schema.AllDecoded()) {
		t.Errorf("version %d, %d columns, %d decoded fields", back.Version, len(back.Columns), len(back.Decoded))
	}
	for _, c := range back.Columns {
		if c.Name == "call" && c.Enum["1"] != "sendmsg" {
			t.Errorf("the enum of call is %v", c.Enum)
		}
	}
}

// compareGolden compares with a file, or rewrites it with -update.
func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the table says: run `go test ./schema -update`", path)
	}
}
