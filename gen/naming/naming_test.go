package naming_test

import (
	"go/token"
	"testing"

	"github.com/layers-pub/layers-go/gen/naming"
)

func TestGoName(t *testing.T) {
	for _, test := range []struct {
		parts []string
		want  string
	}{
		{[]string{"alignment"}, "Alignment"},
		{[]string{"alignment", "kindUri"}, "AlignmentKindURI"},
		{[]string{"knowledgeRefs"}, "KnowledgeRefs"},
		{[]string{"eprintIdentifierType"}, "EprintIdentifierType"},
		{[]string{"mweComponent"}, "MweComponent"},
		{[]string{"uuid"}, "UUID"},
		{[]string{"spatialEntity", "crs"}, "SpatialEntityCRS"},
		{[]string{"licenseRef", "spdx"}, "LicenseRefSpdx"},
		{[]string{"ids"}, "IDs"},
		{[]string{"imageURLs"}, "ImageURLs"},
		{[]string{"targetUris"}, "TargetURIs"},
		{[]string{"JSONSchema"}, "JSONSchema"},
		{[]string{"cid-link"}, "CIDLink"},
		{[]string{"record_key"}, "RecordKey"},
		{[]string{"type"}, "Type"},
		{[]string{"utf8Text"}, "Utf8Text"},
		{[]string{"SpdxLicense", "CC0-1.0"}, "SpdxLicenseCC0_1_0"},
		{[]string{"License", "CC-BY-4.0"}, "LicenseCCBY4_0"},
		{[]string{"Level", "1"}, "Level1"},
		{[]string{"Level1", "2"}, "Level1_2"},
		{[]string{"LabelValue", "!no-promote"}, "LabelValueNoPromote"},
		{[]string{"Mood", ""}, "MoodEmpty"},
		{[]string{"Wildcard", "*"}, "WildcardU002A"},
		{[]string{"3d"}, "X3d"},
		{[]string{"Language", "日本語"}, "Language日本語"},
		{[]string{"日本語"}, "X日本語"},
		{[]string{"*/\n//go:build"}, "GoBuild"},
		{[]string{""}, "Empty"},
	} {
		if got := naming.GoName(test.parts...); got != test.want {
			t.Errorf("GoName(%q) = %s, want %s", test.parts, got, test.want)
		}
	}
}

// FuzzGoName checks that every text gives an exported name.
func FuzzGoName(f *testing.F) {
	for _, s := range []string{"kindUri", "CC0-1.0", "", "*/", "3d", "日本語", "\xff", "ǆ"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if name := naming.GoName(a, b); !token.IsIdentifier(name) || !token.IsExported(name) {
			t.Errorf("GoName(%q, %q) = %q", a, b, name)
		}
	})
}
