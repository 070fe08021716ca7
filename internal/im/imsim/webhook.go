package imsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

const (
	// webhookTimeout is the vendor's default for webhooks before sending.
	webhookTimeout = 2 * time.Second
	// maxWebhookAnswer bounds what is read of a webhook's answer.
	maxWebhookAnswer = 64 << 10
)

// The commands of the two webhooks.
const (
	beforeC2C   = "C2C.CallbackBeforeSendMsg"
	beforeGroup = "Group.CallbackBeforeSendMsg"
)

// What a webhook may answer, and the ranges of its own codes.
const (
	webhookAllow  = 0
	webhookForbid = 1
	webhookDrop   = 2 // discarded, and the sender believes it was sent

	c2cCustomFirst, c2cCustomLast     = 120001, 130000
	groupCustomFirst, groupCustomLast = 10100, 10200
)

// webhook asks the app's own server before a message is accepted.
type webhook struct {
	url      string
	sdkAppID uint64
	client   *http.Client
}

func newWebhook(to string, sdkAppID uint64) *webhook {
	return &webhook{url: to, sdkAppID: sdkAppID, client: &http.Client{
		Transport: &http.Transport{ // no proxy: it is a server under test, mostly on this machine
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
		},
		Timeout: webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a webhook answers for itself
		},
	}}
}

// textElem is a text message as the webhook sees it.
type textElem struct {
	MsgType    string
	MsgContent struct{ Text string }
}

// c2cBody and groupBody are the bodies of the two webhooks.
type c2cBody struct {
	CallbackCommand string
	FromAccount     string `json:"From_Account"`
	ToAccount       string `json:"To_Account"`
	MsgSeq          uint32
	MsgRandom       uint32
	MsgTime         int64
	MsgKey          string
	OnlineOnlyFlag  int
	MsgBody         []textElem
	CloudCustomData string
}

type groupBody struct {
	CallbackCommand string
	GroupID         string `json:"GroupId"`
	Type            string
	FromAccount     string `json:"From_Account"`
	OperatorAccount string `json:"Operator_Account"`
	Random          uint32
	OnlineOnlyFlag  int
	MsgBody         []textElem
	CloudCustomData string
	EventTime       int64 // milliseconds
}

// decide asks the webhook and turns its answer into what the sender is told.
// When the webhook does not answer as documented in time, the message is sent:
// the vendor leaves that to a setting of the app, and this is the setting that
// does not make the webhook a way to silence everybody.
func (h *webhook) decide(ctx context.Context, m Message, number uint32, now time.Time) imwire.Envelope {
	sent := imwire.Envelope{ActionStatus: imwire.StatusOK}
	answer, err := h.ask(ctx, m, number, now)
	if err != nil {
		return sent
	}
	forbidden, first, last := imwire.CodeC2CForbidden, c2cCustomFirst, c2cCustomLast
	if m.Kind == mute.Group {
		forbidden, first, last = imwire.CodeGroupForbidden, groupCustomFirst, groupCustomLast
	}
	switch code := int(answer.ErrorCode); {
	case code == webhookAllow, code == webhookDrop:
		return sent
	case code == webhookForbid:
		return messageRefused(forbidden, "the app's webhook forbade the message")
	case code >= first && code <= last:
		return messageRefused(answer.ErrorCode, answer.ErrorInfo)
	}
	return sent
}

// ask makes the call. What it changes in the message (MsgBody,
// CloudCustomData) is ignored, because nobody receives the message.
func (h *webhook) ask(ctx context.Context, m Message, number uint32, now time.Time) (imwire.Envelope, error) {
	command, body := h.body(m, number, now)
	encoded, err := json.Marshal(body)
	if err != nil {
		return imwire.Envelope{}, fmt.Errorf("encoding a webhook: %w", err)
	}
	target, err := url.Parse(h.url)
	if err != nil {
		return imwire.Envelope{}, fmt.Errorf("reading the webhook's URL: %w", err)
	}
	query := target.Query()
	query.Set("SdkAppid", strconv.FormatUint(h.sdkAppID, 10))
	query.Set("CallbackCommand", command)
	query.Set("contenttype", imwire.ContentTypeJSON)
	query.Set("ClientIP", "127.0.0.1")
	query.Set("OptPlatform", "Web")
	target.RawQuery = query.Encode()

	ctx, cancel := context.WithTimeoutCause(ctx, webhookTimeout, fmt.Errorf("webhook %s: no answer in %s", command, webhookTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(encoded))
	if err != nil {
		return imwire.Envelope{}, fmt.Errorf("making a webhook's request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		return imwire.Envelope{}, fmt.Errorf("calling the webhook: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxWebhookAnswer))
	if err != nil {
		return imwire.Envelope{}, fmt.Errorf("reading the webhook's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return imwire.Envelope{}, fmt.Errorf("the webhook answered %s", resp.Status)
	}
	var answer imwire.Envelope
	if err := json.Unmarshal(text, &answer); err != nil {
		return imwire.Envelope{}, fmt.Errorf("decoding the webhook's answer: %w", err)
	}
	return answer, nil
}

// body is what the webhook is told of a message.
func (h *webhook) body(m Message, number uint32, now time.Time) (command string, body any) {
	elem := textElem{MsgType: "TIMTextElem"}
	elem.MsgContent.Text = "a simulated message"
	// The numbers only have to differ between messages.
	random := number * 2654435761
	if m.Kind == mute.Group {
		return beforeGroup, groupBody{
			CallbackCommand: beforeGroup, GroupID: m.To, Type: "Public",
			FromAccount: string(m.From), OperatorAccount: string(m.From),
			Random: random, MsgBody: []textElem{elem}, EventTime: now.UnixMilli(),
		}
	}
	return beforeC2C, c2cBody{
		CallbackCommand: beforeC2C, FromAccount: string(m.From), ToAccount: m.To,
		MsgSeq: number, MsgRandom: random, MsgTime: now.Unix(),
		MsgKey:  fmt.Sprintf("%d_%d_%d", number, random, now.Unix()),
		MsgBody: []textElem{elem},
	}
}
