package config

// Term is a length of time as people write it ("7d"). The grammar of commands
// reads it, through Options.ParseTerm; the zero Term is one that is not given.
type Term struct {
	Text    string // as written
	Seconds int64  // what it means; 0 until ParseTerm has read it
}

// IsZero reports whether no term was given.
func (t Term) IsZero() bool { return t.Text == "" }

// String is the term as it was written.
func (t Term) String() string { return t.Text }

// MarshalText is the term as it was written.
func (t Term) MarshalText() ([]byte, error) { return []byte(t.Text), nil }
