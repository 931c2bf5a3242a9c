package layersview

import (
	"context"
	"slices"

	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/alignment/alignmentserver"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/annotation/annotationserver"
	"github.com/layers-pub/layers-go/layers/changelog"
	"github.com/layers-pub/layers-go/layers/changelog/changelogserver"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/corpus/corpusserver"
	"github.com/layers-pub/layers-go/layers/eprint"
	"github.com/layers-pub/layers-go/layers/eprint/eprintserver"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/expression/expressionserver"
	"github.com/layers-pub/layers-go/layers/graph"
	"github.com/layers-pub/layers-go/layers/graph/graphserver"
	"github.com/layers-pub/layers-go/layers/integration/integrationserver"
	"github.com/layers-pub/layers-go/layers/judgment"
	"github.com/layers-pub/layers-go/layers/judgment/judgmentserver"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/media/mediaserver"
	"github.com/layers-pub/layers-go/layers/ontology"
	"github.com/layers-pub/layers-go/layers/ontology/ontologyserver"
	"github.com/layers-pub/layers-go/layers/persona"
	"github.com/layers-pub/layers-go/layers/persona/personaserver"
	"github.com/layers-pub/layers-go/layers/resource"
	"github.com/layers-pub/layers-go/layers/resource/resourceserver"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/layers/segmentation/segmentationserver"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// The types with the methods of all namespaces. Methods whose names occur in several namespaces are in types of their
// own.
type (
	server            struct{ *View }
	changelogServer   struct{ *View }
	resourceServer    struct{ *View }
	integrationServer struct{ *View }
)

// methods returns all queries of Layers.
func (v *View) methods() []xrpcserver.Method {
	s := server{v}
	return slices.Concat(
		alignmentserver.Methods(s),
		annotationserver.Methods(s),
		changelogserver.Methods(changelogServer{v}),
		corpusserver.Methods(s),
		eprintserver.Methods(s),
		expressionserver.Methods(s),
		graphserver.Methods(s),
		integrationserver.Methods(integrationServer{v}),
		judgmentserver.Methods(s),
		mediaserver.Methods(s),
		ontologyserver.Methods(s),
		personaserver.Methods(s),
		resourceserver.Methods(resourceServer{v}),
		segmentationserver.Methods(s),
	)
}

func (s server) GetAlignment(ctx context.Context, p *alignment.GetAlignmentParams) (*rec.Entry[alignment.Alignment], error) {
	return get[alignment.Alignment](ctx, s.View, p)
}

func (s server) ListAlignments(ctx context.Context, p *alignment.ListAlignmentsParams) ([]rec.Entry[alignment.Alignment], string, error) {
	return list[alignment.Alignment](ctx, s.View, p)
}

func (s server) GetAnnotationLayer(ctx context.Context, p *annotation.GetAnnotationLayerParams) (*rec.Entry[annotation.AnnotationLayer], error) {
	return get[annotation.AnnotationLayer](ctx, s.View, p)
}

func (s server) GetClusterSet(ctx context.Context, p *annotation.GetClusterSetParams) (*rec.Entry[annotation.ClusterSet], error) {
	return get[annotation.ClusterSet](ctx, s.View, p)
}

func (s server) ListAnnotationLayers(ctx context.Context, p *annotation.ListAnnotationLayersParams) ([]rec.Entry[annotation.AnnotationLayer], string, error) {
	return list[annotation.AnnotationLayer](ctx, s.View, p)
}

func (s server) ListClusterSets(ctx context.Context, p *annotation.ListClusterSetsParams) ([]rec.Entry[annotation.ClusterSet], string, error) {
	return list[annotation.ClusterSet](ctx, s.View, p)
}

func (s changelogServer) GetEntry(ctx context.Context, p *changelog.GetEntryParams) (*rec.Entry[changelog.Entry], error) {
	return get[changelog.Entry](ctx, s.View, p)
}

func (s changelogServer) ListByCollection(ctx context.Context, p *changelog.ListByCollectionParams) ([]rec.Entry[changelog.Entry], string, error) {
	return list[changelog.Entry](ctx, s.View, p)
}

func (s changelogServer) ListEntries(ctx context.Context, p *changelog.ListEntriesParams) ([]rec.Entry[changelog.Entry], string, error) {
	return list[changelog.Entry](ctx, s.View, p)
}

func (s server) GetCorpus(ctx context.Context, p *corpus.GetCorpusParams) (*rec.Entry[corpus.Corpus], error) {
	return get[corpus.Corpus](ctx, s.View, p)
}

func (s server) GetMembership(ctx context.Context, p *corpus.GetMembershipParams) (*rec.Entry[corpus.Membership], error) {
	return get[corpus.Membership](ctx, s.View, p)
}

func (s server) ListCorpora(ctx context.Context, p *corpus.ListCorporaParams) ([]rec.Entry[corpus.Corpus], string, error) {
	return list[corpus.Corpus](ctx, s.View, p)
}

func (s server) ListMemberships(ctx context.Context, p *corpus.ListMembershipsParams) ([]rec.Entry[corpus.Membership], string, error) {
	return list[corpus.Membership](ctx, s.View, p)
}

func (s server) GetDataLink(ctx context.Context, p *eprint.GetDataLinkParams) (*rec.Entry[eprint.DataLink], error) {
	return get[eprint.DataLink](ctx, s.View, p)
}

func (s server) GetEprint(ctx context.Context, p *eprint.GetEprintParams) (*rec.Entry[eprint.Eprint], error) {
	return get[eprint.Eprint](ctx, s.View, p)
}

func (s server) ListDataLinks(ctx context.Context, p *eprint.ListDataLinksParams) ([]rec.Entry[eprint.DataLink], string, error) {
	return list[eprint.DataLink](ctx, s.View, p)
}

func (s server) ListEprints(ctx context.Context, p *eprint.ListEprintsParams) ([]rec.Entry[eprint.Eprint], string, error) {
	return list[eprint.Eprint](ctx, s.View, p)
}

func (s server) GetExpression(ctx context.Context, p *expression.GetExpressionParams) (*rec.Entry[expression.Expression], error) {
	return get[expression.Expression](ctx, s.View, p)
}

func (s server) ListExpressions(ctx context.Context, p *expression.ListExpressionsParams) ([]rec.Entry[expression.Expression], string, error) {
	return list[expression.Expression](ctx, s.View, p)
}

func (s server) GetGraphEdge(ctx context.Context, p *graph.GetGraphEdgeParams) (*rec.Entry[graph.GraphEdge], error) {
	return get[graph.GraphEdge](ctx, s.View, p)
}

func (s server) GetGraphEdgeSet(ctx context.Context, p *graph.GetGraphEdgeSetParams) (*rec.Entry[graph.GraphEdgeSet], error) {
	return get[graph.GraphEdgeSet](ctx, s.View, p)
}

func (s server) GetGraphNode(ctx context.Context, p *graph.GetGraphNodeParams) (*rec.Entry[graph.GraphNode], error) {
	return get[graph.GraphNode](ctx, s.View, p)
}

func (s server) ListGraphEdgeSets(ctx context.Context, p *graph.ListGraphEdgeSetsParams) ([]rec.Entry[graph.GraphEdgeSet], string, error) {
	return list[graph.GraphEdgeSet](ctx, s.View, p)
}

func (s server) ListGraphEdges(ctx context.Context, p *graph.ListGraphEdgesParams) ([]rec.Entry[graph.GraphEdge], string, error) {
	return list[graph.GraphEdge](ctx, s.View, p)
}

func (s server) ListGraphNodes(ctx context.Context, p *graph.ListGraphNodesParams) ([]rec.Entry[graph.GraphNode], string, error) {
	return list[graph.GraphNode](ctx, s.View, p)
}

func (s server) GetAgreementReport(ctx context.Context, p *judgment.GetAgreementReportParams) (*rec.Entry[judgment.AgreementReport], error) {
	return get[judgment.AgreementReport](ctx, s.View, p)
}

func (s server) GetExperimentDef(ctx context.Context, p *judgment.GetExperimentDefParams) (*rec.Entry[judgment.ExperimentDef], error) {
	return get[judgment.ExperimentDef](ctx, s.View, p)
}

func (s server) GetJudgmentSet(ctx context.Context, p *judgment.GetJudgmentSetParams) (*rec.Entry[judgment.JudgmentSet], error) {
	return get[judgment.JudgmentSet](ctx, s.View, p)
}

func (s server) ListAgreementReports(ctx context.Context, p *judgment.ListAgreementReportsParams) ([]rec.Entry[judgment.AgreementReport], string, error) {
	return list[judgment.AgreementReport](ctx, s.View, p)
}

func (s server) ListExperimentDefs(ctx context.Context, p *judgment.ListExperimentDefsParams) ([]rec.Entry[judgment.ExperimentDef], string, error) {
	return list[judgment.ExperimentDef](ctx, s.View, p)
}

func (s server) ListJudgmentSets(ctx context.Context, p *judgment.ListJudgmentSetsParams) ([]rec.Entry[judgment.JudgmentSet], string, error) {
	return list[judgment.JudgmentSet](ctx, s.View, p)
}

func (s server) GetMedia(ctx context.Context, p *media.GetMediaParams) (*rec.Entry[media.Media], error) {
	return get[media.Media](ctx, s.View, p)
}

func (s server) ListMedia(ctx context.Context, p *media.ListMediaParams) ([]rec.Entry[media.Media], string, error) {
	return list[media.Media](ctx, s.View, p)
}

func (s server) GetOntology(ctx context.Context, p *ontology.GetOntologyParams) (*rec.Entry[ontology.Ontology], error) {
	return get[ontology.Ontology](ctx, s.View, p)
}

func (s server) GetTypeDef(ctx context.Context, p *ontology.GetTypeDefParams) (*rec.Entry[ontology.TypeDef], error) {
	return get[ontology.TypeDef](ctx, s.View, p)
}

func (s server) ListOntologies(ctx context.Context, p *ontology.ListOntologiesParams) ([]rec.Entry[ontology.Ontology], string, error) {
	return list[ontology.Ontology](ctx, s.View, p)
}

func (s server) ListTypeDefs(ctx context.Context, p *ontology.ListTypeDefsParams) ([]rec.Entry[ontology.TypeDef], string, error) {
	return list[ontology.TypeDef](ctx, s.View, p)
}

func (s server) GetPersona(ctx context.Context, p *persona.GetPersonaParams) (*rec.Entry[persona.Persona], error) {
	return get[persona.Persona](ctx, s.View, p)
}

func (s server) ListPersonas(ctx context.Context, p *persona.ListPersonasParams) ([]rec.Entry[persona.Persona], string, error) {
	return list[persona.Persona](ctx, s.View, p)
}

func (s resourceServer) GetCollection(ctx context.Context, p *resource.GetCollectionParams) (*rec.Entry[resource.Collection], error) {
	return get[resource.Collection](ctx, s.View, p)
}

func (s resourceServer) GetCollectionMembership(ctx context.Context, p *resource.GetCollectionMembershipParams) (*rec.Entry[resource.CollectionMembership], error) {
	return get[resource.CollectionMembership](ctx, s.View, p)
}

func (s resourceServer) GetEntry(ctx context.Context, p *resource.GetEntryParams) (*rec.Entry[resource.Entry], error) {
	return get[resource.Entry](ctx, s.View, p)
}

func (s resourceServer) GetFilling(ctx context.Context, p *resource.GetFillingParams) (*rec.Entry[resource.Filling], error) {
	return get[resource.Filling](ctx, s.View, p)
}

func (s resourceServer) GetTemplate(ctx context.Context, p *resource.GetTemplateParams) (*rec.Entry[resource.Template], error) {
	return get[resource.Template](ctx, s.View, p)
}

func (s resourceServer) GetTemplateComposition(ctx context.Context, p *resource.GetTemplateCompositionParams) (*rec.Entry[resource.TemplateComposition], error) {
	return get[resource.TemplateComposition](ctx, s.View, p)
}

func (s resourceServer) ListCollectionMemberships(ctx context.Context, p *resource.ListCollectionMembershipsParams) ([]rec.Entry[resource.CollectionMembership], string, error) {
	return list[resource.CollectionMembership](ctx, s.View, p)
}

func (s resourceServer) ListCollections(ctx context.Context, p *resource.ListCollectionsParams) ([]rec.Entry[resource.Collection], string, error) {
	return list[resource.Collection](ctx, s.View, p)
}

func (s resourceServer) ListEntries(ctx context.Context, p *resource.ListEntriesParams) ([]rec.Entry[resource.Entry], string, error) {
	return list[resource.Entry](ctx, s.View, p)
}

func (s resourceServer) ListFillings(ctx context.Context, p *resource.ListFillingsParams) ([]rec.Entry[resource.Filling], string, error) {
	return list[resource.Filling](ctx, s.View, p)
}

func (s resourceServer) ListTemplateCompositions(ctx context.Context, p *resource.ListTemplateCompositionsParams) ([]rec.Entry[resource.TemplateComposition], string, error) {
	return list[resource.TemplateComposition](ctx, s.View, p)
}

func (s resourceServer) ListTemplates(ctx context.Context, p *resource.ListTemplatesParams) ([]rec.Entry[resource.Template], string, error) {
	return list[resource.Template](ctx, s.View, p)
}

func (s server) GetSegmentation(ctx context.Context, p *segmentation.GetSegmentationParams) (*rec.Entry[segmentation.Segmentation], error) {
	return get[segmentation.Segmentation](ctx, s.View, p)
}

func (s server) ListSegmentations(ctx context.Context, p *segmentation.ListSegmentationsParams) ([]rec.Entry[segmentation.Segmentation], string, error) {
	return list[segmentation.Segmentation](ctx, s.View, p)
}
