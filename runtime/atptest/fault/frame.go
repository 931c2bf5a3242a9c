package fault

import (
	"bytes"
	"io"
	"time"

	"github.com/gorilla/websocket"
)

// Conn is a connection of a stream whose frames a fault can change. It must not be used by several goroutines at once.
type Conn struct {
	// Socket is the WebSocket. A fault can write to it directly.
	Socket *websocket.Conn

	held    []byte // sent after the next frame
	stalled bool
}

// Send sends a frame, and then the frame that [SwapFrames] held back, if there is one.
func (c *Conn) Send(frame []byte) error {
	if err := c.Socket.WriteMessage(websocket.BinaryMessage, frame); err != nil || c.held == nil {
		return err
	}
	held := c.held
	c.held = nil
	return c.Socket.WriteMessage(websocket.BinaryMessage, held)
}

// Stalled reports whether a [StallStream] fault has stopped the connection, so that nothing more must be sent.
func (c *Conn) Stalled() bool { return c.stalled }

// Frames returns a fault that affects frames: change is called instead of sending a frame of a connection, and may
// send anything or nothing. If it returns an error, the connection is closed.
func Frames(name string, change func(c *Conn, frame []byte) error) Fault {
	return Fault{Name: name, frames: change}
}

// DropFrame returns a fault that does not send a frame.
func DropFrame() Fault {
	return Frames("drop a frame", func(*Conn, []byte) error { return nil })
}

// RepeatFrame returns a fault that sends a frame twice.
func RepeatFrame() Fault {
	return Frames("repeat a frame", func(c *Conn, data []byte) error {
		if err := c.Send(data); err != nil {
			return err
		}
		return c.Send(data)
	})
}

// SwapFrames returns a fault that holds a frame back and sends it after the next one.
func SwapFrames() Fault {
	return Frames("swap frames", func(c *Conn, data []byte) error {
		if c.held != nil {
			return c.Send(data)
		}
		c.held = data
		return nil
	})
}

// GarbleFrame returns a fault that flips a bit in the middle of a frame.
func GarbleFrame() Fault {
	return Frames("garble a frame", func(c *Conn, data []byte) error {
		data = bytes.Clone(data)
		data[len(data)/2] ^= 1
		return c.Send(data)
	})
}

// CutFrame returns a fault that sends only the first keep bytes of a frame, as if they were the whole frame.
func CutFrame(keep int) Fault {
	return Frames("cut a frame", func(c *Conn, data []byte) error { return c.Send(data[:min(keep, len(data))]) })
}

// CutStream returns a fault that ends the connection instead of sending a frame.
func CutStream() Fault {
	return Frames("cut the stream", func(*Conn, []byte) error { return io.ErrUnexpectedEOF })
}

// StallStream returns a fault that, instead of sending a frame, stops sending and keeps the connection open.
func StallStream() Fault {
	return Frames("stall the stream", func(c *Conn, _ []byte) error {
		c.stalled = true
		return nil
	})
}

// CloseStream returns a fault that closes the stream with a code and a reason instead of sending a frame.
func CloseStream(code int, reason string) Fault {
	return Frames("close the stream", func(c *Conn, _ []byte) error {
		c.Socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
		return io.EOF
	})
}
