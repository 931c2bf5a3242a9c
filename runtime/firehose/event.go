package firehose

import (
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Event is what a [Subscriber] yields: a [*Record], [*Commit], [*Sync], [*Identity], [*Account], [*Info], [*BadFrame],
// [*Reset] or [*Reconnect].
type Event interface {
	stream.Event
	// Head returns the event's [Header].
	Head() *Header
	// Ack acknowledges the event: the caller is done with it. Ack has no effect if it was called before, or without
	// [Options.Manual]. It is safe for concurrent use.
	Ack()
	kind() string
}

// Header has the fields that all events have.
type Header struct {
	// Source is the endpoint that the event came from, as [Client.Endpoint] returns it.
	Source string
	// Seq is the number that the source gave the frame with the event. All events of one frame have the same number. It
	// is 0 for events without a number: [*Info], [*Reset], [*Reconnect], and a [*BadFrame] whose number cannot be read.
	Seq int64
	// Time is the time that the source states in the frame. It is empty if there is none.
	Time syntax.Datetime

	receipt
}

// receipt is what a [Header] embeds to make all events implement [stream.Event]. The alias keeps the embedded field
// unexported.
type receipt = stream.Receipt

// Head returns h.
func (h *Header) Head() *Header { return h }

// Ack acknowledges the event: see [Event].
func (h *Header) Ack() { h.receipt.Ack() }

// Action says whether a record was created, updated or deleted.
type Action string

// The values of [Record.Action].
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Record reports that a record was created, updated or deleted. If a commit changes a record several times, the changes
// are one event, so that the repository, the revision and the path identify it: see [Record.ID].
type Record struct {
	Header
	// DID is the account that owns the repository, and Rev the revision of the commit that made the change.
	DID syntax.DID
	Rev syntax.TID
	// Collection and RecordKey are the record's path.
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	Action     Action
	// CID is the CID of the record, or undefined if it was deleted.
	CID cid.CID
	// Data is the record in DAG-CBOR, or nil if it was deleted. CID is the hash of these bytes.
	Data []byte
	// Value is the decoded record, or nil if the record was deleted or [Options.Lookup] does not know its collection.
	// If there are issues, it has what could be decoded. It shares the memory of Data, which must not be changed.
	Value lex.Record
	// Issues lists what is wrong with the record. If Lookup does not know the collection, only the rules of the data
	// model are checked; if Lookup is nil, nothing is.
	Issues []issue.Issue
	// Trust says how far the change is verified. It is [rec.Hashed] unless the source verifies commits. A deletion has
	// no bytes to hash: then Hashed says only that the source reported it.
	Trust rec.Trust
}

// URI returns the record's at-uri.
func (r *Record) URI() syntax.ATURI {
	return syntax.ATURI("at://" + string(r.DID) + "/" + string(r.Collection) + "/" + string(r.RecordKey))
}

// ID returns an identifier of the change that is unique among all changes of all repositories: the DID, the revision
// and the path, with slashes between them. A change that is delivered twice has the same ID.
func (r *Record) ID() string {
	return string(r.DID) + "/" + string(r.Rev) + "/" + string(r.Collection) + "/" + string(r.RecordKey)
}

// Envelope returns the record with its URI, CID and trust, not decoded. It shares Data with r.
func (r *Record) Envelope() rec.Envelope {
	return rec.Envelope{URI: r.URI(), CID: r.CID, Data: r.Data, Trust: r.Trust}
}

// Commit reports that a repository has a new commit. It is yielded after the records of the commit, and only for
// repositories that [Options.Commits] selects.
type Commit struct {
	Header
	DID syntax.DID
	// Rev is the revision of the commit, and Since that of the commit before it, or "" if there is none.
	Rev, Since syntax.TID
	// CID is the CID of the commit. Data is the root of its tree, and PrevData the root of the previous tree; they are
	// undefined if the source did not send them.
	CID, Data, PrevData cid.CID
	// Records is the number of [*Record] events that were yielded for the commit.
	Records int
	// Trust says how far the commit is verified.
	Trust rec.Trust
	// Desynchronized, if it is not nil, says why the commit does not follow the state that [Options.Known] returned, or
	// the previous commit: something was missed. It wraps [reposync.ErrDesynchronized] or [repo.ErrForkedRevision]. The
	// commit itself is verified, so the repository has the state Rev, CID and Data; the caller has to read the
	// repository again.
	Desynchronized error
}

// Follows returns nil if the commit follows a known state of its repository, so that no change between the two was
// missed: its Since and PrevData are the revision and the tree of known. The error wraps [reposync.ErrOld] if the
// commit is not newer than known, and otherwise [reposync.ErrDesynchronized].
func (c *Commit) Follows(known reposync.State) error {
	err := reposync.ErrOld
	if c.Rev > known.Rev {
		var trust rec.Trust
		if trust, err = known.CheckNext(c.Since, c.PrevData); err == nil && trust != rec.Chained {
			err = fmt.Errorf("%w: the repository's state is unknown", reposync.ErrDesynchronized)
		}
	}
	if err != nil {
		return fmt.Errorf("firehose: commit %s of %s: %w", c.Rev, c.DID, err)
	}
	return nil
}

// State returns the state of the repository after the commit.
func (c *Commit) State() reposync.State {
	return reposync.State{Rev: c.Rev, Commit: c.CID, Data: c.Data}
}

// Sync reports that a repository was set to a commit, without saying what changed. A program that follows the
// repository has to read it again.
type Sync struct {
	Header
	DID syntax.DID
	// Rev is the revision of the commit. CID is the CID of the commit, and Data the root of its tree; they are
	// undefined if the source did not send them.
	Rev       syntax.TID
	CID, Data cid.CID
	// TooBig says that the event stands for a commit whose operations the source omitted because they were too large,
	// as sources did before version 1.1 of the protocol.
	TooBig bool
	// Trust says how far the commit is verified. [rec.Chained] means that its tree is the known one, so that nothing
	// has to be read: see [Options.Known].
	Trust rec.Trust
}

// Identity reports that the identity of an account may have changed: its handle, its key or its server.
type Identity struct {
	Header
	DID syntax.DID
	// Handle is the handle that the source states, or "" if it does not.
	Handle syntax.Handle
}

// Account reports that the source began or ceased to serve an account.
type Account struct {
	Header
	DID syntax.DID
	// Active says whether the source serves the account's repository.
	Active bool
	// Status says why the account is not active: "deactivated", "deleted", "takendown", "suspended", "desynchronized",
	// "throttled", or any other text. It is empty if the source does not say.
	Status string
}

// OutdatedCursor is the name of the [Info] that says that the source no longer has all events after the cursor. It
// continues with the oldest event that it has.
const OutdatedCursor = "OutdatedCursor"

// Info is a message of the source about the stream itself.
type Info struct {
	Header
	// Name says what the message is about, such as [OutdatedCursor].
	Name string
	// Message is a text for people. It may be empty.
	Message string
}

// BadFrame reports a frame that is malformed, has an unknown type, or has an invalid commit. The stream continues after
// it.
type BadFrame struct {
	Header
	// DID and Rev are the repository and the revision in the frame, or "" if they cannot be read.
	DID syntax.DID
	Rev syntax.TID
	// Frame holds the first bytes of the frame, at most [MaxFrame], and Size is the size of the whole frame.
	Frame []byte
	Size  int64
	// Err says what is wrong. It wraps, for example, [ErrFrame] or [reposync.ErrInvalid].
	Err error
}

// Reset reports that the source numbers its events anew, starting below the last position: it was restored from a
// backup, or is another server. Events between the last position and the reset may be lost.
type Reset struct {
	Header
	// Last is the last position, and Next the first one after the reset.
	Last, Next Position
}

// Reconnect reports that the connection was lost, or could not be made, and that the subscription will connect again.
type Reconnect struct {
	Header
	// Err says why there is no connection. It is an [*Error], unless [UnmarshalEvent] made the event.
	Err error
	// Attempt counts the attempts since the last connection that received a frame: 1, 2, ...
	Attempt int
	// Pause is how long the subscription waits before the attempt.
	Pause time.Duration
	// Position is the position after which the stream will continue. It is zero if there is none yet. Gap says that
	// events between the last connection and the next may be lost, because there is no position.
	Position Position
	Gap      bool
}

func (*Record) kind() string    { return "record" }
func (*Commit) kind() string    { return "commit" }
func (*Sync) kind() string      { return "sync" }
func (*Identity) kind() string  { return "identity" }
func (*Account) kind() string   { return "account" }
func (*Info) kind() string      { return "info" }
func (*BadFrame) kind() string  { return "badFrame" }
func (*Reset) kind() string     { return "reset" }
func (*Reconnect) kind() string { return "reconnect" }
