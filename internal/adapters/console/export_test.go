package console

// What the tests of people's view need to know of the inside.
const (
	MaxLine    = maxLine
	Politeness = politeness
)
