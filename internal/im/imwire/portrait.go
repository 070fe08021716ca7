package imwire

import "encoding/json"

// MaxPortraits is how many accounts one portrait_get may name.
const MaxPortraits = 100

// TagNick is the profile field that holds the nickname, of up to 500 bytes
// (vendor page "Pulling Profiles" and its table of standard fields).
const TagNick = "Tag_Profile_IM_Nick"

// PortraitRequest is the body of portrait_get.
type PortraitRequest struct {
	ToAccount []string `json:"To_Account"`
	TagList   []string `json:"TagList"`
}

// PortraitResponse is the answer of portrait_get, one item per account asked.
type PortraitResponse struct {
	Envelope
	UserProfileItem []UserProfile `json:"UserProfileItem,omitempty"`
}

// UserProfile is the profile of one account. ResultCode is 0 when reading this
// one worked; a field that the account never set is not there.
type UserProfile struct {
	ToAccount   string         `json:"To_Account"`
	ProfileItem []ProfileField `json:"ProfileItem"`
	ResultCode  Code           `json:"ResultCode"`
	ResultInfo  string         `json:"ResultInfo"`
}

// ProfileField is one field of a profile. Its value is text, a number or bytes,
// as the field is.
type ProfileField struct {
	Tag   string          `json:"Tag"`
	Value json.RawMessage `json:"Value"`
}

// Text is the value of a field that holds text; ok is false for any other.
func (p UserProfile) Text(tag string) (text string, ok bool) {
	for _, f := range p.ProfileItem {
		if f.Tag == tag && len(f.Value) > 0 && f.Value[0] == '"' {
			err := json.Unmarshal(f.Value, &text)
			return text, err == nil
		}
	}
	return "", false
}

// ParsePortrait reads an answer of portrait_get.
func ParsePortrait(body []byte) (PortraitResponse, error) {
	r := PortraitResponse{Envelope: Envelope{ErrorCode: codeAbsent}}
	err := parse(body, &r, &r.Envelope)
	return r, err
}
