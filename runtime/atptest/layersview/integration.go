package layersview

import (
	"context"
	"net/http"

	"github.com/layers-pub/layers-go/layers/integration"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// Integration answers the queries about records of other apps, which the appview does not hold. If a function is nil,
// the answer is that the method is not implemented. The functions are called concurrently, with valid parameters. They
// return a result that is not nil, or an error: one of those that the lexicon declares, such as
// [integration.GetExternalErrorNotFound], or an [*xrpcserver.Error].
type Integration struct {
	ApplyLens    func(context.Context, *integration.ApplyLensParams) (*integration.ApplyLensOutput, error)
	GetExternal  func(context.Context, *integration.GetExternalParams) (*integration.GetExternalOutput, error)
	ListExternal func(context.Context, *integration.ListExternalParams) (*integration.ListExternalOutput, error)
}

// SetIntegration sets the functions that answer queries about records of other apps from now on.
func (v *View) SetIntegration(i Integration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.integration = i
}

func (s integrationServer) now() Integration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.integration
}

// answer calls f, a function of the [Integration]. If f is nil, it returns the error that the method is not
// implemented.
func answer[P, Out any](ctx context.Context, f func(context.Context, *P) (*Out, error), p *P) (*Out, error) {
	if f == nil {
		return nil, &xrpcserver.Error{Status: http.StatusNotImplemented, Name: "MethodNotImplemented", Message: "the test has not set an answer"}
	}
	return f(ctx, p)
}

func (s integrationServer) ApplyLens(ctx context.Context, p *integration.ApplyLensParams) (*integration.ApplyLensOutput, error) {
	return answer(ctx, s.now().ApplyLens, p)
}

func (s integrationServer) GetExternal(ctx context.Context, p *integration.GetExternalParams) (*integration.GetExternalOutput, error) {
	return answer(ctx, s.now().GetExternal, p)
}

func (s integrationServer) ListExternal(ctx context.Context, p *integration.ListExternalParams) (*integration.ListExternalOutput, error) {
	return answer(ctx, s.now().ListExternal, p)
}
