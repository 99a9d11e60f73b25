package macros

import (
	"strings"
	"unicode/utf8"
)

// token returns where the token that begins at start ends, and whether it is a
// macro's name. Strings, quoted names, comments and words are one token, all
// else is one character. What is not closed reaches to the end.
func token(sql string, start int) (end int, isMacro bool) {
	rest := sql[start:]
	switch {
	case strings.HasPrefix(rest, "--"):
		return start + through(rest, 0, "\n"), false
	case strings.HasPrefix(rest, "/*"):
		return start + blockComment(rest), false
	case rest[0] == '\'' || rest[0] == '"':
		return start + quoted(rest, rest[0], false), false
	case rest[0] == '$':
		if name := "$" + word(rest[1:]); strings.HasPrefix(name, "$__") && !strings.HasPrefix(rest[len(name):], "$") {
			return start + len(name), true
		}
		return start + dollarQuoted(rest), false
	case (rest[0] == 'e' || rest[0] == 'E') && len(rest) > 1 && rest[1] == '\'':
		return start + 1 + quoted(rest[1:], '\'', true), false
	case word(rest) != "":
		// A word can have a $ within.
		length := 0
		for length < len(rest) && (rest[length] == '$' || word(rest[length:]) != "") {
			length += max(1, len(word(rest[length:])))
		}
		return start + length, false
	}
	_, size := utf8.DecodeRuneInString(rest)
	return start + size, false
}

// word returns the letters, digits and underscores that text begins with.
func word(text string) string {
	length := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r < utf8.RuneSelf
	})
	if length < 0 {
		return text
	}
	return text[:length]
}

// through returns the end of the first mark after start, or of the text.
func through(text string, start int, mark string) int {
	if found := strings.Index(text[start:], mark); found >= 0 {
		return start + found + len(mark)
	}
	return len(text)
}

// blockComment returns where the comment that text begins with ends; comments
// can have comments within.
func blockComment(text string) int {
	depth := 0
	for position := 0; position < len(text); {
		switch {
		case strings.HasPrefix(text[position:], "/*"):
			depth++
			position += 2
		case strings.HasPrefix(text[position:], "*/"):
			depth--
			position += 2
		default:
			position++
		}
		if depth == 0 {
			return position
		}
	}
	return len(text)
}

// quoted returns where the string or name that text begins with ends. A mark
// within is written twice, or in E” after a backslash.
func quoted(text string, mark byte, hasEscapes bool) int {
	for position := 1; position < len(text); position++ {
		switch {
		case hasEscapes && text[position] == '\\':
			position++
		case text[position] != mark:
		case position+1 < len(text) && text[position+1] == mark:
			position++
		default:
			return position + 1
		}
	}
	return len(text)
}

// dollarQuoted returns where the string that text begins with ends: $$ to $$, or
// $tag$ to $tag$. A $ that begins no string, as in $1, is one character.
func dollarQuoted(text string) int {
	tag := word(text[1:])
	isTag := tag == "" || tag[0] < '0' || tag[0] > '9'
	if mark := "$" + tag + "$"; isTag && strings.HasPrefix(text, mark) {
		return through(text, len(mark), mark)
	}
	return 1
}
