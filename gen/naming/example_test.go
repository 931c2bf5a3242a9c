package naming_test

import (
	"fmt"

	"github.com/layers-pub/layers-go/gen/naming"
)

func ExampleGoName() {
	fmt.Println(naming.GoName("knowledgeRef", "baseUri"), naming.GoName("license", "CC0-1.0"))
	// Output:
	// KnowledgeRefBaseURI LicenseCC0_1_0
}
