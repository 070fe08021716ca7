package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"modbot/internal/mute"
)

// saltBytes is the length of the salt of one personal field: short values
// such as names cannot be found by trying.
const saltBytes = 16

// commitDomain keeps commitments apart from every other use of the hash.
const commitDomain = "modbot ledger personal field v1"

// personalNames are the personal fields, sorted as in the body.
var personalNames = [...]string{"account", "actor", "actor_name", "member", "note", "reason", "snapshot"}

// personalFields is how many there are.
const personalFields = len(personalNames)

// values are the fields in the order of personalNames.
func (p *Personal) values() [personalFields]string {
	return [...]string{string(p.Account), p.Actor, p.ActorName, p.Member, p.Note, p.Reason, p.Snapshot}
}

// commitments are what a body says of its personal fields: for each one that
// is not empty, a salted hash.
type commitments struct {
	has [personalFields]bool
	sum [personalFields][sha256.Size]byte
}

func (c *commitments) none() bool { return c.has == [personalFields]bool{} }

// commitTo hashes one field under its salt. Name and salt have fixed places,
// so that no two inputs can be cut differently and hash the same.
func commitTo(scratch []byte, name string, salt []byte, value string) (sum [sha256.Size]byte, reuse []byte) {
	b := append(scratch[:0], commitDomain...)
	b = append(append(b, 0), name...)
	b = append(append(b, 0), salt...)
	b = append(b, value...)
	return sha256.Sum256(b), b
}

// seal salts the personal fields and commits to them.
func seal(p Personal) (*PersonalRow, commitments) {
	p.Account = mute.Account(clean(string(p.Account)))
	p.Actor, p.ActorName, p.Member = clean(p.Actor), clean(p.ActorName), clean(p.Member)
	p.Note, p.Reason, p.Snapshot = clean(p.Note), clean(p.Reason), clean(p.Snapshot)
	var c commitments
	salts := make([]byte, personalFields*saltBytes)
	_, _ = rand.Read(salts) // never fails (crypto/rand)
	used := 0
	var scratch []byte
	for i, v := range p.values() {
		if v == "" {
			continue
		}
		c.has[i] = true
		c.sum[i], scratch = commitTo(scratch, personalNames[i], salts[used:used+saltBytes], v)
		used += saltBytes
	}
	return &PersonalRow{Personal: p, Salts: salts[:used]}, c
}

// opens reports what is wrong with a side row under the body's commitments.
func (c *commitments) opens(row *PersonalRow) error {
	salts := row.Salts
	var scratch []byte
	for i, v := range row.values() {
		if (v != "") != c.has[i] {
			return fmt.Errorf("the %s is not what the entry commits to", personalNames[i])
		}
		if v == "" {
			continue
		}
		if len(salts) < saltBytes {
			return fmt.Errorf("the salt of the %s is missing", personalNames[i])
		}
		var sum [sha256.Size]byte
		sum, scratch = commitTo(scratch, personalNames[i], salts[:saltBytes], v)
		if sum != c.sum[i] {
			return fmt.Errorf("the %s is not what the entry commits to", personalNames[i])
		}
		salts = salts[saltBytes:]
	}
	if len(salts) != 0 {
		return fmt.Errorf("there are %d bytes of salt too many", len(salts))
	}
	return nil
}
