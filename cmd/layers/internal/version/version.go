// Package version describes the source from which the command was built.
package version

import (
	"runtime/debug"

	"github.com/layers-pub/layers-go/lexicons"
)

// Build describes the source from which the command was built. Fields that are not known are empty, except Version,
// which is "(unknown)".
type Build struct {
	Version  string `json:"version"`            // of the module
	Revision string `json:"revision,omitempty"` // of the version control system
	Time     string `json:"time,omitempty"`     // of the revision
	Modified bool   `json:"modified,omitempty"` // the source had uncommitted changes
	Go       string `json:"go"`
	Lexicons string `json:"lexicons"` // the version of Layers' lexicons
}

// Of returns the description of this program's source.
func Of() Build {
	b := Build{Version: "(unknown)", Lexicons: lexicons.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	b.Go = info.GoVersion
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}
