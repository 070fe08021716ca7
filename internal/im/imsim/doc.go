// Package imsim is the service's side of the vendor's API: one app, as an
// http.Handler, with a clock that can be moved and faults that can be ordered.
//
// The model: an app has accounts, and each account has two independent fields,
// group and c2c. A field is not muted, muted until a moment, or muted for
// ever. A mute that has an end ends by itself when the clock passes it; no
// call and no timer is involved. Sending a message as a muted account is
// refused, and the app's webhook hears nothing of it.
//
// A call goes through these steps, and the first that refuses it answers:
//
//	path and method → query → SDKAppID → content type → UserSig → admin →
//	rate → fault and Hold → body → account → change
//
// The HTTP status is 200 for every refusal, as with the vendor; only a fault
// of kind http answers otherwise.
//
// What holds:
//   - It is strict. Whatever the documents do not allow is refused with the
//     code that they give for it: comments and trailing commas, names in
//     another case, times that are not integers of 32 bits, accounts that can
//     be none. What passes here is what the documents describe.
//   - A field changes by setnospeaking and by time, and in no other way; the
//     field that a call does not name stays as it is.
//   - A call that arrived is worked off whether or not its caller still waits.
//     A request that was given up may change something later, as in life.
//   - A call changes things completely before its answer is written, or not at
//     all, and a drop says to nobody which of the two it was.
//   - UserSigs and the rate live in real time (Config.Now); Advance moves the
//     mutes only.
//
// Where the vendor's documents are silent, the function that had to decide
// says what and why. Sources: the pages "Setting Global Mute" (2025-10-23),
// "Querying Global Mute" (2020-03-12), "RESTful API Overview" (2024),
// "Querying Accounts" (2024-02-07), "Pulling Profiles" (2024-10-10), the error code table and the pages of the
// two before-send webhooks.
//
// The package shares imwire with the client and nothing else: it would be no
// witness if it used the code that it is there to test.
package imsim
