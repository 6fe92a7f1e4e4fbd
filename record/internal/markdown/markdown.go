// Package markdown writes measured tables into documents, each in place of the
// one that stands between its marks:
//
//	<!-- bench:cost -->
//	| ... |
//	<!-- end -->
package markdown

import (
	"fmt"
	"os"
	"strings"
)

// Table renders rows, the first of which is the heading.
func Table(rows [][]string) string {
	var s strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&s, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			s.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
	return s.String()
}

// Update replaces what stands between the marks of each table in a document.
// A table that has no place there is an error.
func Update(path, kind string, tables map[string]string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := Replace(string(b), kind, tables)
	if err != nil {
		return fmt.Errorf("update %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// Replace is Update for a text.
func Replace(text, kind string, tables map[string]string) (string, error) {
	for name, table := range tables {
		begin, end := "<!-- "+kind+":"+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(text, begin)
		if !ok {
			return "", fmt.Errorf("no place for the table %s", name)
		}
		_, after, ok := strings.Cut(rest, end)
		if !ok {
			return "", fmt.Errorf("the place for the table %s has no end", name)
		}
		text = before + begin + table + end + after
	}
	return text, nil
}
