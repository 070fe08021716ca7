package imsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxBody bounds what is read of one request. A full account_check (100 ids of
// 32 bytes) is under 6 KB.
const maxBody = 64 << 10

// The ways in which a body is not what the vendor calls JSON.
var (
	errEmpty     = errors.New("the body is empty")
	errTooLong   = fmt.Errorf("the body is over %d bytes", maxBody)
	errEncoding  = errors.New("the body is not UTF-8")
	errNotJSON   = errors.New("the body is not one JSON value (comments, trailing commas and trailing data are not JSON)")
	errNotObject = errors.New("the body is not a JSON object")
)

// object reads a value that must be one JSON object with every name once.
// Names are compared exactly, unlike in encoding/json: a client that writes
// set_account has not written Set_Account. A repeated name is refused because
// parsers differ in which of the two they believe.
func object(body []byte) (map[string]json.RawMessage, error) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return nil, errEmpty
	case len(body) > maxBody:
		return nil, errTooLong
	case !utf8.Valid(body):
		return nil, errEncoding
	case !json.Valid(body):
		return nil, errNotJSON
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errNotObject
	}
	fields := make(map[string]json.RawMessage)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, errNotJSON
		}
		name, ok := token.(string)
		if !ok {
			return nil, errNotJSON
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("the name %q appears twice", name)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errNotJSON
		}
		fields[name] = value
	}
	return fields, nil
}

// text reads a JSON string; ok is false for every other JSON value, null too.
func text(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// seconds reads one of the two time fields: a JSON integer in the range of a
// uint32. Fractions and exponents are numbers but no Integer, which is what
// the vendor documents.
func seconds(raw json.RawMessage) (uint32, error) {
	n, err := strconv.ParseUint(string(raw), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%.40s is not an integer from 0 to 4294967295", raw)
	}
	return uint32(n), nil
}
