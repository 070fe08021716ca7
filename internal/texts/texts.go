// Package texts owns every sentence that people read.
//
// The model. Code elsewhere decides; this package says it. What it returns are
// chat values: lines of spans in which somebody's words (Quote), what can be
// typed (Code) and our own words (Plain, Strong) are told apart, so that the
// adapter that renders them escapes each once, for its own platform. Nothing
// here writes markup, and nothing here knows where it will be shown beyond the
// prefix that commands have there (Place).
//
// A Problem is an error for people: a code for machines, what is wrong and why,
// and one or more lines that can be pasted instead.
//
// Invariants: somebody's words stand in spans of their own, raw, and only what a
// Problem repeats passes through chat.Visible, because its Message is a plain
// sentence; they are cut by Cut, never by bytes; every Problem ends in something
// that can be pasted.
package texts
