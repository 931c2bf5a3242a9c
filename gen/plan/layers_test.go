package plan_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/plan"
)

// The lexicons of this repository, and a table of the Go names for them that is not part of it.
const (
	lexicons  = "../../lexicons"
	tableFile = "../../../shared/schema/names.tsv"
)

// layersPlan returns the plan for the pub.layers lexicons.
func layersPlan(t *testing.T) *plan.Plan {
	t.Helper()
	set, err := lexicon.Load(os.DirFS(lexicons), ".")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(set, plan.Options{
		Module: "example.org/sdk", Output: "layers", Packages: map[string]string{"pub.layers": "layers"}, Records: "layers/records",
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names returns every Go name in a plan that stands for something in a lexicon, as "package kind name".
func names(p *plan.Plan) []string {
	var list []string
	for _, pkg := range p.Packages {
		for _, file := range pkg.Files {
			for _, d := range file.Decls {
				if kind, name := kindAndName(d); kind != "" {
					list = append(list, pkg.Name+" "+kind+" "+name)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

func kindAndName(d plan.Decl) (kind, name string) {
	switch d := d.(type) {
	case *plan.Struct:
		if d.Record != nil {
			return "record", d.Name
		}
		return "object", d.Name
	case *plan.Enum:
		return "string-enum", d.Name
	case *plan.Union:
		return "union", d.Name
	case *plan.Params:
		return "params", d.Name
	case *plan.Method:
		return "query", "Client." + d.Name
	case *plan.PermissionSet:
		return "permission-set", d.Name
	}
	return "", ""
}

// TestNames compares the names with some that stand for all.
func TestNames(t *testing.T) {
	list := names(layersPlan(t))
	for _, want := range []string{
		"alignment record Alignment",
		"alignment string-enum AlignmentKind",
		"alignment query Client.GetAlignment",
		"alignment params GetAlignmentParams",
		"alignment query Client.ListAlignments",
		"annotation object ArgumentRef",
		"changelog query Client.ListByCollection",
		"changelog record Entry",
		"corpus record Membership",
		"eprint string-enum EprintEprintIdentifierType",
		"graph object GraphEdgeEntry",
		"integration object ApplyLensOutputSource",
		"integration object ListExternalOutputRecordsItem",
		"layers object UUID",
		"layers permission-set AuthReadOnly",
		"layers string-enum LicenseRefSpdx",
		"layers string-enum SpatialEntityCRS",
		"layers union ExternalTargetSelector",
		"ontology string-enum TypeDefTypeKind",
		"resource object MweComponent",
		"resource record Entry",
	} {
		if _, found := slices.BinarySearch(list, want); !found {
			t.Errorf("there is no %s", want)
		}
	}
	if len(list) != 278 {
		t.Errorf("there are %d names, want 278", len(list))
	}
}

// recordAnswer matches the names that the table has for the answers of queries for records, which need no types.
var recordAnswer = regexp.MustCompile(`^(Get\w+Output|List\w+(Output|RecordView))$`)

// TestNameTable compares the names with the table, if it is there.
func TestNameTable(t *testing.T) {
	f, err := os.Open(tableFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the table of names is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []string
	rows := bufio.NewScanner(f)
	rows.Scan() // the heading
	for rows.Scan() {
		columns := strings.Split(rows.Text(), "\t")
		kind := strings.NewReplacer("inline-object", "object", "output", "object").Replace(columns[2])
		if columns[3] != "integration" && kind == "object" && recordAnswer.MatchString(columns[4]) {
			continue
		}
		want = append(want, columns[3]+" "+kind+" "+columns[4])
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, names(layersPlan(t))); diff != "" {
		t.Errorf("other names than in the table (-table +plan):\n%s", diff)
	}
}

// TestRepositoryFields checks what the fields for collections are called.
func TestRepositoryFields(t *testing.T) {
	var fields []string
	for _, c := range layersPlan(t).Records.Collections {
		fields = append(fields, c.Field)
	}
	want := strings.Fields("Alignment AnnotationLayer AnnotationClusterSet ChangelogEntry Corpus CorpusMembership EprintDataLink " +
		"Eprint Expression GraphEdge GraphEdgeSet GraphNode JudgmentAgreementReport JudgmentExperimentDef JudgmentSet Media " +
		"Ontology OntologyTypeDef Persona ResourceCollection ResourceCollectionMembership ResourceEntry ResourceFilling " +
		"ResourceTemplate ResourceTemplateComposition Segmentation")
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// TestOrder checks that packages come after those that they import, and fields in canonical order.
func TestOrder(t *testing.T) {
	seen := make(map[*plan.Package]bool)
	for _, pkg := range layersPlan(t).Packages {
		for _, other := range pkg.Imports {
			if !seen[other] {
				t.Errorf("%s comes before %s, which it imports", pkg.ImportPath, other.ImportPath)
			}
		}
		seen[pkg] = true
		for _, file := range pkg.Files {
			for _, d := range file.Decls {
				if s, ok := d.(*plan.Struct); ok && !slices.IsSortedFunc(s.Canonical, canonical) {
					t.Errorf("the fields of %s.%s are not in canonical order", pkg.Name, s.Name)
				}
			}
		}
	}
}

func canonical(a, b *plan.Field) int {
	key := func(f *plan.Field) string {
		if f == nil {
			return "$type"
		}
		return f.Key
	}
	if n := len(key(a)) - len(key(b)); n != 0 {
		return n
	}
	return strings.Compare(key(a), key(b))
}
