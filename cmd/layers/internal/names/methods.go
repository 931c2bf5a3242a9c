package names

import "strings"

// Methods are the queries of Layers' lexicons, without the leading "pub.layers.".
var Methods = strings.Fields(`
	alignment.getAlignment
	alignment.listAlignments
	annotation.getAnnotationLayer
	annotation.getClusterSet
	annotation.listAnnotationLayers
	annotation.listClusterSets
	changelog.getEntry
	changelog.listByCollection
	changelog.listEntries
	corpus.getCorpus
	corpus.getMembership
	corpus.listCorpora
	corpus.listMemberships
	eprint.getDataLink
	eprint.getEprint
	eprint.listDataLinks
	eprint.listEprints
	expression.getExpression
	expression.listExpressions
	graph.getGraphEdge
	graph.getGraphEdgeSet
	graph.getGraphNode
	graph.listGraphEdgeSets
	graph.listGraphEdges
	graph.listGraphNodes
	integration.applyLens
	integration.getExternal
	integration.listExternal
	judgment.getAgreementReport
	judgment.getExperimentDef
	judgment.getJudgmentSet
	judgment.listAgreementReports
	judgment.listExperimentDefs
	judgment.listJudgmentSets
	media.getMedia
	media.listMedia
	ontology.getOntology
	ontology.getTypeDef
	ontology.listOntologies
	ontology.listTypeDefs
	persona.getPersona
	persona.listPersonas
	resource.getCollection
	resource.getCollectionMembership
	resource.getEntry
	resource.getFilling
	resource.getTemplate
	resource.getTemplateComposition
	resource.listCollectionMemberships
	resource.listCollections
	resource.listEntries
	resource.listFillings
	resource.listTemplateCompositions
	resource.listTemplates
	segmentation.getSegmentation
	segmentation.listSegmentations
`)
