package stream

import (
	"bytes"
	"context"
	"net/url"
	"time"
)

// Protocol interprets the messages of one kind of source. A value belongs to one subscription.
type Protocol interface {
	// Source names the source, in events and for the positions that are saved.
	Source() string
	// Address returns the URL to connect to in order to receive what comes after cursor, or, if that is negative, what
	// happens from now on. Its scheme is ws or wss.
	Address(cursor int64) url.URL
	// Overlap returns how long before the first message that it receives live a connection with a cursor may leave out
	// messages, because the source loses them between what it has stored and what happens; 0 if it loses none. If it is
	// not 0, Scan is safe for concurrent use, and messages have numbers.
	Overlap() time.Duration
	// Scan parses as much of a message as is needed to decide what to do with it. It is called for one message after
	// the other, and should not allocate for unwanted messages.
	Scan(m Message) Frame
	// Job returns a job for a wanted message: a new one, as [NewJob] does, or a released one.
	Job(m Message) *Job
	// Events makes the events of a job. It is called in several goroutines, but for the jobs of one repository in their
	// order, one after the other. Memory that it allocates is added to the job's cost. If it returns an error, the
	// message counts as malformed, unless ctx has ended.
	Events(ctx context.Context, j *Job) ([]Event, error)
	// Workers returns the number of goroutines in which Events may run at once.
	Workers() int
	// Release is called when the loop is done with the events of a job.
	Release(j *Job)
	// Ended reports whether a close frame, which is in f's Code and Message, is the regular end of the stream.
	Ended(f *Failure) bool
	// Acks reports whether the source keeps each message until it receives the message's [Frame].Ack, and otherwise sends it
	// again. Then there are no positions.
	Acks() bool
}

// Message is a message of a WebSocket.
type Message struct {
	Data   []byte // up to the transport's limit; valid until the next message
	Size   int64  // how many bytes the message had
	Binary bool
}

// Frame is the result of scanning a message. Its slices may be parts of the message.
type Frame struct {
	Seq    int64 // the number that moves the position
	HasSeq bool
	Time   []byte // when the source says it happened, or empty
	DID    []byte // the repository in whose order the message is, or empty
	Rev    []byte // the revision, or empty
	Wanted bool   // whether it leads to events
	// Err says why the message cannot be delivered, or is nil.
	Err error
	// End says why the source ends the stream, or is nil.
	End *Failure
	// Ack is what is sent to the source when all events of the message are acknowledged, or at once if it is not wanted. It
	// is sent on the connection that the message came from, or never. It must not be a part of the message.
	Ack []byte
}

// Job is a message on its way to the loop.
type Job struct {
	Message
	// Cost is how many bytes the job and its events take.
	Cost int64
	// Memory is for the protocol: what it keeps with the job to use again for the next one.
	Memory any

	lane   string // the repository, or "" for what is not about one
	ticket *ticket
	events []Event
}

// NewJob returns a job with a copy of a message.
func NewJob(m Message) *Job {
	m.Data = bytes.Clone(m.Data)
	return &Job{Message: m, Cost: int64(len(m.Data))}
}

// Reporter makes events about the stream itself, and is notified of its progress. Its methods are called by several
// goroutines.
type Reporter interface {
	BadFrame(f Frame, m Message, err error) Event
	Reset(last, next Position) Event
	Reconnect(l Lost) Event

	// Connected is called when a connection is made; again is true unless it is the first.
	Connected(again bool)
	// Lost is called when a connection ended or could not be made, and at the end of the subscription, with the error or nil.
	Lost(err error)
	// Received is called for each message. at is the zero Position if the message has no number.
	Received(f Frame, size int64, at Position, now time.Time)
	// Yields is called before an event is given to the loop.
	Yields(e Event)
}

// Lost says that a connection was lost, or could not be made, and that the subscription will connect again.
type Lost struct {
	Failure *Failure
	// Attempt counts the attempts since the last connection that received a message with a number.
	Attempt int
	Pause   time.Duration
	// Gap says that there is no position after which the stream could continue.
	Gap bool
}
