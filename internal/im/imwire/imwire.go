// Package imwire is the vendor's REST API as bytes: paths, parameters, bodies,
// error codes and the UserSig. Both sides of the wire share it, the client
// (internal/im) and the simulator (internal/im/imsim), so that neither can
// drift from the documents without the other noticing.
//
// The model: every call is a POST to https://HOST/v4/SERVICE/COMMAND with five
// query parameters and a JSON body that is never empty. The HTTP status is 200
// even for failures; what happened is in the Envelope. A call succeeded when
// ErrorCode is 0 and ActionStatus is "OK" or absent: the overview promises
// ActionStatus in every answer, the mute APIs do not send it.
//
// What holds:
//   - An answer without an ErrorCode, with a wrong type, cut short or followed
//     by anything else is no answer (ErrNotAnAnswer). Nothing is guessed.
//   - A Code has exactly one Class; a code that no document lists has
//     UnknownCodeClass.
//   - A SecretKey cannot be printed, logged or encoded.
//
// Facts come from the vendor's pages "Setting Global Mute" (2025-10-23),
// "Querying Global Mute" (2020-03-12), "RESTful API Overview" (2024), the
// error code table, "Pulling Profiles" (2024-10-10), and the vendor's UserSig reference code.
package imwire

// API is one call of the REST interface, as SERVICE/COMMAND.
type API string

// The calls that modbot makes.
const (
	SetNoSpeaking API = "openconfigsvr/setnospeaking"
	GetNoSpeaking API = "openconfigsvr/getnospeaking"
	AccountCheck  API = "im_open_login_svc/account_check"
	PortraitGet   API = "profile/portrait_get"
)

// APIs lists every call that modbot makes.
func APIs() []API { return []API{SetNoSpeaking, GetNoSpeaking, AccountCheck, PortraitGet} }

const pathPrefix = "/v4/"

// Path is the path of the call's URL, with the leading slash.
func (a API) Path() string { return pathPrefix + string(a) }

// Command is the last part of the path, by which people know the call:
// setnospeaking, getnospeaking, account_check, portrait_get.
func (a API) Command() string {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] == '/' {
			return string(a[i+1:])
		}
	}
	return string(a)
}

// String is the command: what errors and logs call the API.
func (a API) String() string { return a.Command() }

// Names of the query parameters. Names and values are case-sensitive.
const (
	ParamSDKAppID    = "sdkappid"
	ParamIdentifier  = "identifier"  // must be an admin account of the app
	ParamUserSig     = "usersig"     // a credential: never print a URL that has one
	ParamRandom      = "random"      // 32-bit unsigned, identifies the request
	ParamContentType = "contenttype" // always ContentTypeJSON
)

// ContentTypeJSON is the only value of ParamContentType.
const ContentTypeJSON = "json"

// VendorLimit is how many calls a second the vendor allows of each of them,
// for the whole app.
const VendorLimit = 200
