package imwire

import (
	"cmp"
	"slices"
)

// CodeInfo is what modbot knows of a code.
type CodeInfo struct {
	Code    Code
	Class   Class
	Meaning string // what the vendor means, in one clause
	Advice  string // what the operator does about it
	Auth    bool   // counts towards the vendor's lock-out (70050)
}

const (
	adviceBug      = "This is a fault in modbot: please report it."
	adviceAgain    = "modbot tries again and reads back; when it lasts, contact the vendor's support."
	adviceSlower   = "Lower tencent.rate_per_second, or find what else calls the API of this app."
	adviceSig      = "Check tencent.secret_key and tencent.sdk_app_id, and the clock of this machine."
	adviceKey      = "Check tencent.secret_key, tencent.sdk_app_id and tencent.identifier: they must come from the same app."
	adviceRegion   = "Check tencent.sdk_app_id and tencent.region: the app must live in that region."
	adviceAdmin    = "Make tencent.identifier an administrator of the app in the vendor's console."
	adviceTicket   = "Open a ticket with the vendor."
	adviceBilling  = "Check the app's package and bill in the vendor's console."
	adviceFeature  = "Enable the feature in the vendor's console."
	adviceAccount  = "Check the account's spelling, upper and lower case included."
	adviceDeletion = "Nothing can be done from here: the vendor's rules for deleted accounts apply."
	adviceSender   = "None: this is what a sender is told, not an answer to modbot."
)

// codeTable is ordered by code.
var codeTable = [...]CodeInfo{
	{CodeOK, 0, "success", "", false},
	{CodeGroupOverLimit, ClassThrottled, "calls to the group service are over the limit", adviceSlower, false},
	{CodeGroupForbidden, ClassNo, "the app's webhook forbade the group message", adviceSender, false},
	{CodeGroupMuted, ClassNo, "the sender is muted in groups", adviceSender, false},
	{CodeC2CForbidden, ClassNo, "the app's webhook forbade the one-to-one message", adviceSender, false},
	{CodeC2CMuted, ClassNo, "the sender is muted in one-to-one chats", adviceSender, false},
	{CodeProfileParam, ClassNo, "the query for profiles is wrong", adviceBug, false},
	{CodeProfileNoAccount, ClassNotFound, "the account does not exist", adviceAccount, false},
	{CodeHTTPParse, ClassNo, "the URL could not be parsed", adviceBug, false},
	{CodeRequestJSON, ClassNo, "the request is not JSON", adviceBug, false},
	{CodeAccountCheckFailed, ClassRefreshOnce, "the identifier or the UserSig was not accepted", adviceSig, true},
	{CodeAccountCheckFailed2, ClassRefreshOnce, "the identifier or the UserSig was not accepted", adviceSig, true},
	{CodeSDKAppIDInvalid, ClassConfiguration, "the SDKAppID is invalid", adviceRegion, true},
	{CodeOverLimit, ClassThrottled, "calls to this API are over the limit", adviceSlower, false},
	{CodeServiceTimeout, ClassAnsweredUnclear, "the service timed out, or the request's format is wrong", adviceAgain, false},
	{CodeResource, ClassNo, "the URL names no call of the API", adviceBug, false},
	{CodeNotAdmin, ClassConfiguration, "the identifier is no administrator of the app", adviceAdmin, true},
	{CodeAppOverLimit, ClassThrottled, "calls of this app are over the limit", adviceSlower, false},
	{CodeNoSDKAppID, ClassNo, "the URL has no SDKAppID", adviceBug, false},
	{CodeResponseJSON, ClassAnsweredUnclear, "the service could not read its own answer", adviceAgain, false},
	{CodeAccountTimeout, ClassAnsweredUnclear, "checking the account timed out inside the service", adviceAgain, false},
	{CodeAccountNotString, ClassNo, "the account in the body is not a string", adviceBug, false},
	{CodeAppDisabled, ClassConfiguration, "the app is disabled", adviceTicket, false},
	{CodeRequestDisabled, ClassConfiguration, "this call is disabled for the app", adviceTicket, false},
	{CodeTooFrequent, ClassThrottled, "calls come too frequently", adviceSlower, false},
	{CodeTooFrequentOld, ClassThrottled, "calls come too frequently", adviceSlower, false},
	{CodeUnavailable, ClassConfiguration, "the app's package is not bought, has expired, is in arrears or not yet live", adviceBilling, false},
	{CodeSourceIP, ClassConfiguration, "calls from this address are not allowed", "Add this machine's address to the app's allow-list in the vendor's console.", false},
	{CodeURLParam, ClassConfiguration, "SDKAppID, identifier, UserSig or content type in the URL is wrong", adviceKey, true},
	{CodeWrongDomain, ClassConfiguration, "the host does not belong to the app's data centre", adviceRegion, false},
	{CodeNotTPush, ClassConfiguration, "the app may use push resources only", "Use the SDKAppID of a Chat app.", false},
	{CodeTrialLimit, ClassConfiguration, "the trial edition's calls for 24 hours are used up", "Wait until tomorrow, or upgrade the app's package.", false},
	{CodeSigExpired, ClassRefreshOnce, "the UserSig has expired", "Check the clock of this machine.", true},
	{CodeSigEmpty, ClassNo, "the UserSig is empty", adviceBug, true},
	{CodeSigIllegal, ClassRefreshOnce, "the UserSig is illegal", adviceSig, true},
	{CodeSigCheckFailed, ClassRefreshOnce, "the UserSig does not verify", adviceSig, true},
	{CodeSigWrongKey, ClassConfiguration, "the UserSig was made with the key of another app", adviceKey, true},
	{CodeSigIdentifier, ClassConfiguration, "the UserSig is for another identifier", adviceKey, true},
	{CodeSigSDKAppID, ClassConfiguration, "the UserSig is for another SDKAppID", adviceKey, true},
	{CodeNoPublicKey, ClassConfiguration, "the app has no such key in this data centre", adviceRegion, true},
	{CodeNoSuchApp, ClassConfiguration, "the SDKAppID does not exist in this data centre", adviceRegion, true},
	{CodeSigLocked, ClassBreaker, "verification failed too often and the app is locked out for a while", adviceSig, true},
	{CodeBlocklisted, ClassConfiguration, "the account is on the vendor's blocklist", adviceTicket, false},
	{CodeSigInvalidated, ClassRefreshOnce, "the UserSig was invalidated", "Do not kick the administrator account while modbot runs.", true},
	{CodeNoSuchAccount, ClassNotFound, "the account does not exist", adviceAccount, false},
	{CodeSecurity, ClassNo, "the vendor's security restriction applies", adviceTicket, false},
	{CodeInternalTimeout, ClassAnsweredUnclear, "the service timed out inside", adviceAgain, false},
	{CodeInternalTimeoutOld, ClassAnsweredUnclear, "the service timed out inside", adviceAgain, false},
	{CodeBatchCount, ClassNo, "the number of accounts in one call is invalid", adviceBug, false},
	{CodeSigLegacy, ClassRefreshOnce, "the UserSig is of an invalid kind", "The app may still use the old ECDSA signatures: switch it to HMAC-SHA256 in the vendor's console.", true},
	{CodeAccountQuota, ClassConfiguration, "the trial edition's number of accounts is used up", adviceBilling, false},
	{CodeAccountDeleted, ClassNo, "a deleted account cannot be imported again for three months", adviceDeletion, false},
	{CodeIllegalParam, ClassNo, "a parameter is illegal", adviceBug, false},
	{CodeNotAdminOld, ClassConfiguration, "the identifier is no administrator of the app", adviceAdmin, true},
	{CodeSDKTooOld, ClassNo, "the SDK is too old for this call", adviceBug, false},
	{CodeInternal, ClassAnsweredUnclear, "an internal error of the service", adviceAgain, false},
	{CodeNoDeletion, ClassNo, "the app's edition cannot delete accounts", adviceDeletion, false},
	{CodeDailyQuota, ClassConfiguration, "the free number of daily users is exceeded", adviceBilling, false},
	{CodeFeatureStatus, ClassConfiguration, "user status is not enabled", adviceFeature, false},
	{CodeMonthlyQuota, ClassConfiguration, "the free number of monthly users is exceeded", adviceBilling, false},
	{CodeAccountOverLimit, ClassThrottled, "calls about one account come too frequently", adviceSlower, false},
	{CodeFeatureDND, ClassConfiguration, "global do-not-disturb is not enabled", adviceFeature, false},
	{CodeFeatureProfile, ClassConfiguration, "profile subscription is not enabled", adviceFeature, false},
	{CodeMessageJSON, ClassNo, "the body is not JSON", adviceBug, false},
	{CodeMuteBadJSON, ClassNo, "the request is not JSON", adviceBug, false},
	{CodeGetNoAccount, ClassNo, "the query names no account", adviceBug, false},
	{CodeGetInvalidAccount, ClassNo, "the account in the query is invalid", adviceAccount, false},
	{CodeSetNoAccount, ClassNo, "the change names no account", adviceBug, false},
	{CodeSetInvalidAccount, ClassNo, "the account in the change is invalid", adviceAccount, false},
	{CodeSetNoTime, ClassNo, "the change names neither field", adviceBug, false},
	{CodeMuteSystemError, ClassAnsweredUnclear, "a system error of the mute service", adviceAgain, false},
}

// Codes lists every code that is documented, in order.
func Codes() []CodeInfo { return slices.Clone(codeTable[:]) }

// Info is what modbot knows of the code. An undocumented code has
// UnknownCodeClass; known says which it was.
func (c Code) Info() (info CodeInfo, known bool) {
	i, known := slices.BinarySearchFunc(codeTable[:], c, func(row CodeInfo, c Code) int {
		return cmp.Compare(row.Code, c)
	})
	if known {
		return codeTable[i], true
	}
	return CodeInfo{
		Code:    c,
		Class:   UnknownCodeClass,
		Meaning: "a code that the vendor does not document",
		Advice:  "Look the code up with the vendor's support.",
	}, false
}
