// Package stream is what all sources of events share: the connection with its pings ([Transport]), the filter of
// collections and accounts ([Filter]), the position behind which all events are acknowledged, the queue between what reads
// and the caller's loop, and the subscription that joins them, saves positions and connects again ([Subscription]).
//
// It knows no frame and no event. A [Protocol] says what the messages of a source are, and package firehose, which has the
// types of events, runs a subscription for any protocol: see firehose.Subscribe.
package stream
