package imwire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// ErrNotAnAnswer says that a body is not what the API documents: not JSON, cut
// short, of wrong types, or without an ErrorCode.
var ErrNotAnAnswer = errors.New("not an answer of the API")

// Values of Envelope.ActionStatus.
const (
	StatusOK   = "OK"
	StatusFail = "FAIL"
)

// Envelope is the part that every answer has. The mute APIs leave ActionStatus
// out.
type Envelope struct {
	ActionStatus string `json:"ActionStatus,omitempty"`
	ErrorCode    Code   `json:"ErrorCode"`
	ErrorInfo    string `json:"ErrorInfo"`
}

// OK reports whether the call succeeded.
func (e Envelope) OK() bool {
	return e.ErrorCode == CodeOK && (e.ActionStatus == "" || e.ActionStatus == StatusOK)
}

// SetRequest is the body of setnospeaking. At least one of the times is
// present. They are pointers because 0 unmutes and must be sent, while an
// absent time leaves the field as it is.
type SetRequest struct {
	SetAccount             string  `json:"Set_Account"`
	C2CmsgNospeakingTime   *uint32 `json:"C2CmsgNospeakingTime,omitempty"`
	GroupmsgNospeakingTime *uint32 `json:"GroupmsgNospeakingTime,omitempty"`
}

// SetResponse is the answer of setnospeaking.
type SetResponse struct{ Envelope }

// GetRequest is the body of getnospeaking.
type GetRequest struct {
	GetAccount string `json:"Get_Account"`
}

// GetResponse is the answer of getnospeaking: remaining seconds, 0 for not
// muted, 4294967295 for permanent, and 4294967295 also for an account that
// does not exist. A successful answer has both times.
type GetResponse struct {
	Envelope
	C2CmsgNospeakingTime   *Seconds `json:"C2CmsgNospeakingTime,omitempty"`
	GroupmsgNospeakingTime *Seconds `json:"GroupmsgNospeakingTime,omitempty"`
}

// MaxCheckItems is how many accounts one account_check may name.
const MaxCheckItems = 100

// CheckRequest is the body of account_check.
type CheckRequest struct {
	CheckItem []CheckItem `json:"CheckItem"`
}

// CheckItem names one account of a CheckRequest.
type CheckItem struct {
	UserID string `json:"UserID"`
}

// CheckResponse is the answer of account_check, one item per account asked.
type CheckResponse struct {
	Envelope
	ResultItem []ResultItem `json:"ResultItem,omitempty"`
}

// Values of ResultItem.AccountStatus.
const (
	AccountImported    = "Imported"
	AccountNotImported = "NotImported"
)

// ResultItem says of one account whether it exists. ResultCode is 0 when the
// check of this account itself worked.
type ResultItem struct {
	UserID        string `json:"UserID"`
	ResultCode    Code   `json:"ResultCode"`
	ResultInfo    string `json:"ResultInfo"`
	AccountStatus string `json:"AccountStatus"`
}

// Seconds is one of the two times in an answer. The documents call it an
// Integer in one place and a Number in another, so it is read leniently
// (7196, 7196.0, "7196") and then held to the range of 32 bits.
type Seconds uint32

// UnmarshalJSON reads a whole number from 0 to 4294967295.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("reading a time: %w", err)
	}
	if u, err := strconv.ParseUint(n.String(), 10, 32); err == nil {
		*s = Seconds(u)
		return nil
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || f < 0 || f > math.MaxUint32 {
		return fmt.Errorf("time %s is not a whole number from 0 to %d", clip(n.String()), uint32(math.MaxUint32))
	}
	*s = Seconds(f)
	return nil
}

// clip bounds what an error repeats of an outside text.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// codeAbsent stands where no ErrorCode was; the vendor's codes are positive.
const codeAbsent Code = math.MinInt32

// ParseSet reads an answer of setnospeaking.
func ParseSet(body []byte) (SetResponse, error) {
	fast := SetResponse{Envelope{ErrorCode: codeAbsent}}
	if flatAnswer(body, &fast.Envelope, nil) && fast.ErrorCode != codeAbsent {
		return fast, nil
	}
	return parseSet(body)
}

func parseSet(body []byte) (SetResponse, error) {
	r := SetResponse{Envelope{ErrorCode: codeAbsent}}
	err := parse(body, &r, &r.Envelope)
	return r, err
}

// ParseGet reads an answer of getnospeaking. When the answer is OK both times
// are there.
func ParseGet(body []byte) (GetResponse, error) {
	fast := GetResponse{Envelope: Envelope{ErrorCode: codeAbsent}}
	if flatAnswer(body, &fast.Envelope, &fast) && fast.ErrorCode != codeAbsent && fast.complete() {
		return fast, nil
	}
	return parseGet(body)
}

func parseGet(body []byte) (GetResponse, error) {
	r := GetResponse{Envelope: Envelope{ErrorCode: codeAbsent}}
	if err := parse(body, &r, &r.Envelope); err != nil {
		return r, err
	}
	if !r.complete() {
		return r, fmt.Errorf("%w: a time is missing", ErrNotAnAnswer)
	}
	return r, nil
}

func (r GetResponse) complete() bool {
	return !r.OK() || r.C2CmsgNospeakingTime != nil && r.GroupmsgNospeakingTime != nil
}

// ParseCheck reads an answer of account_check.
func ParseCheck(body []byte) (CheckResponse, error) {
	r := CheckResponse{Envelope: Envelope{ErrorCode: codeAbsent}}
	err := parse(body, &r, &r.Envelope)
	return r, err
}

// parse decodes body into answer, whose envelope is e. What it says of a bad
// body never repeats the body, which may echo a URL with a UserSig.
func parse(body []byte, answer any, e *Envelope) error {
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%w: %s", ErrNotAnAnswer, describe(body, err))
	}
	if e.ErrorCode == codeAbsent {
		return fmt.Errorf("%w: JSON without an ErrorCode", ErrNotAnAnswer)
	}
	return nil
}

func describe(body []byte, err error) string {
	trimmed := bytes.TrimSpace(body)
	var wrongType *json.UnmarshalTypeError
	switch {
	case len(trimmed) == 0:
		return "an empty body"
	case trimmed[0] == '<':
		return "a page of HTML or XML"
	case errors.As(err, &wrongType):
		kind, _, _ := strings.Cut(wrongType.Value, " ") // "number 0.5" repeats the body
		field := wrongType.Field[strings.LastIndexByte(wrongType.Field, '.')+1:]
		return fmt.Sprintf("%s has the wrong type (%s)", cmp.Or(field, "the answer"), kind)
	case cutShort(trimmed):
		return "JSON that is cut short"
	default:
		return fmt.Sprintf("%d bytes that are not JSON of the expected shape", len(body))
	}
}

// cutShort reports whether body is the beginning of a JSON value.
func cutShort(body []byte) bool {
	var v json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(body)).Decode(&v), io.ErrUnexpectedEOF)
}
