package chat

import "time"

// Plain is a span of our own words.
func Plain(text string) Span { return Span{Kind: SpanPlain, Text: text} }

// Strong is a span of our own words, emphasised.
func Strong(text string) Span { return Span{Kind: SpanStrong, Text: text} }

// Quote is a span of somebody's words.
func Quote(text string) Span { return Span{Kind: SpanQuote, Text: text} }

// Code is a span that can be typed or pasted as it stands.
func Code(text string) Span { return Span{Kind: SpanCode, Text: text} }

// At is an absolute time.
func At(t time.Time) Span { return Span{Kind: SpanTime, At: t} }

// Until is an absolute time that lies ahead.
func Until(t time.Time) Span { return Span{Kind: SpanUntil, At: t} }

// Left says in words how far the time of the Until before it lies ahead. It is
// left out where the platform keeps such words up to date itself.
func Left(text string) Span { return Span{Kind: SpanLeft, Text: text} }

// Text is a message of one plain line.
func Text(text string) Message { return Message{Lines: []Line{{Plain(text)}}} }
