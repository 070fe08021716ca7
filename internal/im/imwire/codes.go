package imwire

// Code is an ErrorCode of the vendor's; 0 is success.
type Code int32

// Codes of the mute APIs (vendor pages "Setting Global Mute" and "Querying
// Global Mute").
const (
	CodeOK                Code = 0
	CodeMuteBadJSON       Code = 130001
	CodeGetNoAccount      Code = 130002
	CodeGetInvalidAccount Code = 130003
	CodeSetNoAccount      Code = 130004
	CodeSetInvalidAccount Code = 130005
	CodeSetNoTime         Code = 130008
	CodeMuteSystemError   Code = 130014
)

// Codes of the profile service.
const (
	CodeProfileParam     Code = 40001
	CodeProfileNoAccount Code = 40003
)

// Common codes, 60000 to 79999 (vendor's error code table; those marked old
// are in its older editions only).
const (
	CodeHTTPParse           Code = 60002
	CodeRequestJSON         Code = 60003
	CodeAccountCheckFailed  Code = 60004
	CodeAccountCheckFailed2 Code = 60005
	CodeSDKAppIDInvalid     Code = 60006 // old
	CodeOverLimit           Code = 60007
	CodeServiceTimeout      Code = 60008
	CodeResource            Code = 60009
	CodeNotAdmin            Code = 60010
	CodeAppOverLimit        Code = 60011 // old
	CodeNoSDKAppID          Code = 60012
	CodeResponseJSON        Code = 60013
	CodeAccountTimeout      Code = 60014
	CodeAccountNotString    Code = 60015
	CodeAppDisabled         Code = 60016
	CodeRequestDisabled     Code = 60017
	CodeTooFrequent         Code = 60018
	CodeTooFrequentOld      Code = 60019 // old
	CodeUnavailable         Code = 60020
	CodeSourceIP            Code = 60021
	CodeURLParam            Code = 60025
	CodeWrongDomain         Code = 60026
	CodeNotTPush            Code = 60027
	CodeTrialLimit          Code = 60028
	CodeSigExpired          Code = 70001
	CodeSigEmpty            Code = 70002 // old
	CodeSigIllegal          Code = 70003
	CodeSigCheckFailed      Code = 70005 // old
	CodeSigWrongKey         Code = 70009
	CodeSigIdentifier       Code = 70013
	CodeSigSDKAppID         Code = 70014
	CodeNoPublicKey         Code = 70016
	CodeNoSuchApp           Code = 70020
	CodeSigLocked           Code = 70050
	CodeBlocklisted         Code = 70051
	CodeSigInvalidated      Code = 70052 // old
	CodeNoSuchAccount       Code = 70107
	CodeSecurity            Code = 70114 // old
	CodeInternalTimeout     Code = 70169
	CodeInternalTimeoutOld  Code = 70202 // old
	CodeBatchCount          Code = 70206 // old
	CodeSigLegacy           Code = 70346 // in no table; observed for an invalid UserSig
	CodeAccountQuota        Code = 70398
	CodeAccountDeleted      Code = 70399
	CodeIllegalParam        Code = 70402
	CodeNotAdminOld         Code = 70403 // old
	CodeSDKTooOld           Code = 70404
	CodeInternal            Code = 70500
	CodeNoDeletion          Code = 71000
	CodeDailyQuota          Code = 72000
	CodeFeatureStatus       Code = 72001
	CodeMonthlyQuota        Code = 72002
	CodeAccountOverLimit    Code = 72010
	CodeFeatureDND          Code = 72011
	CodeFeatureProfile      Code = 72012
)

// Codes of the message services: what the sender of a message is told. They
// are no answers to the calls of this package, but the effect of a mute is
// seen by them.
const (
	CodeGroupOverLimit Code = 10006
	CodeGroupForbidden Code = 10016 // the before-send webhook forbade it
	CodeGroupMuted     Code = 10017 // in this group or globally; the code does not tell
	CodeC2CForbidden   Code = 20006 // the before-send webhook forbade it
	CodeC2CMuted       Code = 20012
	CodeMessageJSON    Code = 90001
)

// Class says what a caller does about an answer.
type Class uint8

// The classes. Only ClassAnsweredUnclear and ClassUnanswered leave open
// whether a change was applied; all others say that it was not.
const (
	// ClassNo is a clear no: nothing was changed, and asking again will not help.
	ClassNo Class = iota + 1
	// ClassAnsweredUnclear is an answer that leaves open whether the change was
	// applied. The same change may be sent again at once.
	ClassAnsweredUnclear
	// ClassUnanswered is no answer of the API at all; no code has this class.
	// The request may still be inside the service: nothing is sent again.
	ClassUnanswered
	// ClassRefreshOnce asks for a new UserSig and one more attempt; after that
	// the configuration is wrong.
	ClassRefreshOnce
	// ClassBreaker locks the app out: no call of any kind for a minute.
	ClassBreaker
	// ClassThrottled is over a call limit: nothing was changed; slower, a few
	// times.
	ClassThrottled
	// ClassConfiguration is a no that the operator can turn into a yes.
	ClassConfiguration
	// ClassNotFound says that the account does not exist.
	ClassNotFound
)

// UnknownCodeClass is the class of a code that no document lists. Such a code
// promises neither that the change was applied nor that it was not, and the
// change carries an absolute deadline, so that sending it again does no harm.
const UnknownCodeClass = ClassAnsweredUnclear

// Classes lists every class.
func Classes() []Class {
	return []Class{
		ClassNo, ClassAnsweredUnclear, ClassUnanswered, ClassRefreshOnce,
		ClassBreaker, ClassThrottled, ClassConfiguration, ClassNotFound,
	}
}

// String is the name of the class for logs.
func (c Class) String() string {
	switch c {
	case ClassNo:
		return "no"
	case ClassAnsweredUnclear:
		return "answered unclear"
	case ClassUnanswered:
		return "unanswered"
	case ClassRefreshOnce:
		return "refresh once"
	case ClassBreaker:
		return "breaker"
	case ClassThrottled:
		return "throttled"
	case ClassConfiguration:
		return "configuration"
	case ClassNotFound:
		return "not found"
	default:
		return "unclassified"
	}
}
