package filter

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar (docs/filter.md, "Grammar"), as the structures that the parser
// fills. What words mean is not known here: check.go decides by the field.

type orExpr struct {
	Terms []*andExpr `parser:"@@ ( ( 'or' | '||' ) @@ )*"`
}

type andExpr struct {
	Terms []*notExpr `parser:"@@ ( ( 'and' | '&&' ) @@ )*"`
}

type notExpr struct {
	Not   *notExpr `parser:"  ( 'not' | '!' ) @@"`
	Group *orExpr  `parser:"| '(' @@ ')'"`
	Test  *test    `parser:"| @@"`
}

type test struct {
	Pos     lexer.Position
	Field   string   `parser:"@Word"`
	Mask    *value   `parser:"( '&' @@ )?"`
	Compare *compare `parser:"( @@"`
	Null    *isNull  `parser:"| @@"`
	Match   *match   `parser:"| @@ )?"`
	EndPos  lexer.Position
}

type compare struct {
	Op    string `parser:"@( '==' | '=' | '!=' | '<=' | '<' | '>=' | '>' )"`
	Value *value `parser:"@@"`
}

type isNull struct {
	Not bool `parser:"'is' @'not'? 'null'"`
}

type match struct {
	Pos   lexer.Position
	Not   bool     `parser:"@'not'?"`
	In    []*value `parser:"( 'in' ( '(' @@ ( ',' @@ )* ')' | @@ )"`
	Op    string   `parser:"| @( 'prefix' | 'suffix' | 'contains' | 'has' )"`
	Value *value   `parser:"  @@ )"`
}

type value struct {
	Pos    lexer.Position
	Words  []string `parser:"  @( Word | 'null' ) ( '|' @Word )*"`
	String *string  `parser:"| @String"`
	EndPos lexer.Position
}

var definition = lexer.MustSimple([]lexer.SimpleRule{
	{Name: "Space", Pattern: `[ \t\r\n]+`},
	{Name: "String", Pattern: `"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`},
	{Name: "Operator", Pattern: `==|!=|<=|>=|\|\||&&|[=<>!&|(),]`},
	{Name: "Word", Pattern: `[^ \t\r\n"'()<>=!&|,]+`},
	{Name: "Quote", Pattern: `["']`},
	// A word of the grammar; the pattern never matches, keywords are words first.
	{Name: "Keyword", Pattern: `[^\x{0}-\x{10FFFF}]`},
})

var (
	symbols     = definition.Symbols()
	typeString  = symbols["String"]
	typeQuote   = symbols["Quote"]
	typeSpace   = symbols["Space"]
	typeKeyword = symbols["Keyword"]
)

var keywords = map[string]bool{
	"and": true, "or": true, "not": true, "in": true, "is": true, "null": true,
	"prefix": true, "suffix": true, "contains": true, "has": true,
}

// parser is built when there is something to parse: most commands are not asked to
// filter, and their start should not wait for it.
var parser = sync.OnceValue(func() *participle.Parser[orExpr] {
	return participle.MustBuild[orExpr](
		participle.Lexer(definition),
		participle.Elide("Space"),
		participle.Map(func(t lexer.Token) (lexer.Token, error) {
			if word := strings.ToLower(t.Value); keywords[word] {
				t.Type, t.Value = typeKeyword, word
			}
			return t, nil
		}, "Word"),
		participle.UseLookahead(1),
	)
})

const (
	// MaxBytes limits the length of an expression.
	MaxBytes = 16384
	// MaxDepth limits how deep parentheses and not are nested.
	MaxDepth = 100
)

// parse parses an expression into its tree.
func parse(text string) (*orExpr, error) {
	if len(text) > MaxBytes {
		return nil, &Error{Text: text[:80], Message: fmt.Sprintf("the expression has %d bytes, %d are allowed", len(text), MaxBytes)}
	}
	tokens, err := parser().Lex("", strings.NewReader(text))
	if err != nil {
		return nil, syntaxError(text, nil, err)
	}
	if err := checkTokens(text, tokens); err != nil {
		return nil, err
	}
	tree, err := parser().ParseString("", text)
	if err != nil {
		return nil, syntaxError(text, tokens, err)
	}
	return tree, nil
}

// checkTokens finds what the parser would explain badly or not survive.
func checkTokens(text string, tokens []lexer.Token) error {
	depth, nots, deepest := 0, 0, 0
	for _, t := range tokens {
		switch {
		case t.Type == typeSpace:
			continue
		case t.Type == typeQuote:
			return &Error{Text: text, Offset: t.Pos.Offset, Length: len(text) - t.Pos.Offset, Message: "the string has no end"}
		case t.Type == typeString:
			nots = 0
		case t.Value == "not" || t.Value == "!":
			nots++
		case t.Value == "(":
			depth++
			nots = 0
		case t.Value == ")":
			depth--
			nots = 0
		default:
			nots = 0
		}
		deepest = max(deepest, depth, nots)
	}
	if deepest > MaxDepth {
		return &Error{Text: text[:min(len(text), 80)], Message: fmt.Sprintf("more than %d levels of parentheses and not", MaxDepth)}
	}
	return nil
}

// syntaxError turns an error of the parser into one of ours.
func syntaxError(text string, tokens []lexer.Token, err error) error {
	e := &Error{Text: text, Message: err.Error()}
	var p participle.Error
	if errors.As(err, &p) {
		e.Offset, e.Message = p.Position().Offset, p.Message()
	}
	var unexpected *participle.UnexpectedTokenError
	if !errors.As(err, &unexpected) {
		return e
	}
	bad := unexpected.Unexpected
	want, at := expected(tokens, bad.Pos.Offset)
	if bad.Type != typeString && (at == wantEnd && joins[bad.Value] || at == wantNext && bad.Value == ",") {
		// What follows this is wrong, and the parser has gone back.
		bad = following(tokens, bad)
		want, at = expected(tokens, bad.Pos.Offset)
	}
	e.Offset, e.Length = bad.Pos.Offset, len(bad.Value)
	switch {
	case bad.EOF() && strings.TrimSpace(text) == "":
		e.Message = "the expression is empty"
	case bad.EOF():
		e.Message = "the expression ends where " + want + " should follow"
	case bad.Type == typeKeyword && at == wantValue:
		e.Message = fmt.Sprintf("%q is a word of the grammar where a value should be; as a value it needs quotes", bad.Value)
	default:
		e.Message = fmt.Sprintf("unexpected %q where %s should be", bad.Value, want)
	}
	return e
}

var joins = map[string]bool{"and": true, "&&": true, "or": true, "||": true}

// following returns the token behind t.
func following(tokens []lexer.Token, t lexer.Token) lexer.Token {
	for _, next := range tokens {
		if next.Pos.Offset > t.Pos.Offset && next.Type != typeSpace {
			return next
		}
	}
	return t
}

// place is what may stand somewhere in an expression.
type place int

const (
	wantTest place = iota
	wantValue
	wantOperator
	wantNull
	wantMatch
	wantEnd
	wantNext
)

var placeText = [...]string{
	wantTest:     "a field, not or (",
	wantValue:    "a value",
	wantOperator: "==, <, in, prefix, has, is null or another test",
	wantNull:     "null or not null",
	wantMatch:    "in, prefix, suffix, contains or has",
	wantEnd:      "and, or or the end",
	wantNext:     "a comma or a closing parenthesis",
}

// expected says what could stand at the offset, from the tokens before it.
func expected(tokens []lexer.Token, offset int) (string, place) {
	at, inList := wantTest, false
	for _, t := range tokens {
		if t.Pos.Offset >= offset || t.EOF() {
			break
		}
		if t.Type == typeSpace {
			continue
		}
		value := t.Value
		if t.Type == typeString {
			value = ""
		}
		switch value {
		case "and", "or", "&&", "||":
			at = wantTest
		case "not", "!":
			switch at {
			case wantNull:
				at = wantNull
			case wantOperator:
				at = wantMatch
			}
		case "(":
			inList = at == wantValue
		case ")":
			at, inList = wantEnd, false
		case "==", "=", "!=", "<", "<=", ">", ">=", "&", "|", ",", "in", "prefix", "suffix", "contains", "has":
			at = wantValue
		case "is":
			at = wantNull
		case "null":
			at = wantEnd
		default:
			if at == wantTest {
				at = wantOperator
			} else {
				at = wantEnd
			}
		}
	}
	if at == wantEnd && inList {
		at = wantNext
	}
	return placeText[at], at
}
