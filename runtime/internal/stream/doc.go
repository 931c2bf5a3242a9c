// Package stream has the parts that all sources of events share: the connection with its pings ([Transport]), the
// filter of collections and accounts ([Filter]), the position up to which all events are acknowledged, the queue
// between the reading goroutine and the caller's loop, and the subscription that combines these, saves positions and
// reconnects ([Subscription]).
//
// It does not know the formats of frames and events. A [Protocol] interprets the messages of a source. Package
// firehose, which has the types of events, runs a subscription for any protocol: see firehose.Subscribe.
package stream
