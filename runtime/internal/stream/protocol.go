package stream

import (
	"bytes"
	"context"
	"net/url"
	"time"
)

// Protocol interprets the messages of one kind of source. Each subscription has a Protocol of its own.
type Protocol interface {
	// Source names the source, in events and for the positions that are saved.
	Source() string
	// Address returns the URL to connect to in order to receive the messages after cursor, or, if cursor is negative,
	// only new messages. Its scheme is ws or wss.
	Address(cursor int64) url.URL
	// Overlap returns 0 if a connection with a cursor receives all messages. Some sources lose messages when the
	// connection has received all stored messages and receives live ones from then on: Overlap then returns how long
	// before the first live message the lost ones may be. If it is not 0, Scan must be safe for concurrent use, and
	// messages must have numbers.
	Overlap() time.Duration
	// Scan parses as much of a message as is needed to decide what to do with it. It is called for one message after
	// the other, and should not allocate for unwanted messages.
	Scan(m Message) Frame
	// Job returns a job for a wanted message: a new one, as [NewJob] does, or a released one.
	Job(m Message) *Job
	// Events makes the events of a job, at most [MaxEvents]. It is called by several goroutines at once, but for the jobs
	// of one repository one after the other, in their order. It must add the memory that it allocates to the job's Cost.
	// If it returns an error, the message counts as malformed, unless ctx has ended.
	Events(ctx context.Context, j *Job) ([]Event, error)
	// Workers returns how many goroutines may call Events at once.
	Workers() int
	// Release is called when the caller's loop is done with the events of a job; Job may then use the job again.
	Release(j *Job)
	// Ended reports whether a close frame, which is in f's Code and Message, is the regular end of the stream.
	Ended(f *Failure) bool
	// Acks reports whether the source sends each message again until it receives the acknowledgement in the message's
	// [Frame].Ack. Such a source has no positions.
	Acks() bool
}

// Message is a message received on a WebSocket.
type Message struct {
	Data   []byte // the content, truncated to the transport's limit; valid until the next message
	Size   int64  // the whole size in bytes
	Binary bool   // whether it is a binary message and not text
}

// Frame is what [Protocol].Scan finds in a message. Its slices may be parts of the message.
type Frame struct {
	Seq    int64  // the message's number, which is the cursor after it
	HasSeq bool   // whether it has a number
	Time   []byte // the time that the source states, or empty
	DID    []byte // the repository, whose messages stay in their order, or empty
	Rev    []byte // the revision of the repository, or empty
	Wanted bool   // whether events are to be made of it
	// Err says why the message cannot be delivered, or is nil.
	Err error
	// End says why the source ends the stream, or is nil.
	End *Failure
	// Ack is the acknowledgement that is sent to the source, or nil. It is sent when all events of the message are
	// acknowledged, or at once if the message is not wanted, on the connection on which the message was received; if that
	// has ended, it is not sent. It must not be a part of the message.
	Ack []byte
}

// Job is a message that was read and that the caller's loop is not done with, and the events of the message.
type Job struct {
	Message
	// Cost is how many bytes of memory the job and its events take.
	Cost int64
	// Memory is for the protocol, which may keep memory in it to use again for another message.
	Memory any

	lane   string  // the DID of the repository, or "" if the message is not about one
	ticket *ticket // nil if the events need no acknowledgement
	events []Event
}

// NewJob returns a job for a copy of m.
func NewJob(m Message) *Job {
	m.Data = bytes.Clone(m.Data)
	return &Job{Message: m, Cost: int64(len(m.Data))}
}

// Reporter makes the events about the stream itself, and is notified of the stream's progress. Its methods are called
// by several goroutines.
type Reporter interface {
	// BadFrame returns the event for a message that is malformed; err says what is wrong with it.
	BadFrame(f Frame, m Message, err error) Event
	// Reset returns the event for a source that was reset, so that its numbers start again: last is the last position
	// before, and next the position of the first message after.
	Reset(last, next Position) Event
	// Reconnect returns the event for a connection that was lost and will be made again.
	Reconnect(l Lost) Event

	// Connected is called when a connection was made. again says whether there was one before.
	Connected(again bool)
	// Lost is called when a connection has ended or could not be made, with the error, and at the end of the
	// subscription, with its error or nil.
	Lost(err error)
	// Received is called for each message, of size bytes. at is the zero Position if the message has no number.
	Received(f Frame, size int64, at Position, now time.Time)
	// Yields is called before an event is yielded to the caller's loop.
	Yields(e Event)
}

// Lost says that a connection was lost, or could not be made, and that the subscription will connect again.
type Lost struct {
	// Failure says why.
	Failure *Failure
	// Attempt is the number of the next attempt, from 1, since the last connection that received a message with a number.
	Attempt int
	// Pause is how long the subscription waits before that attempt.
	Pause time.Duration
	// Gap says that messages may be missing, because there is no position from which the stream could continue.
	Gap bool
}
