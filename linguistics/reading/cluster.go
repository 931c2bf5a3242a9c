package reading

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ClusterSet is a record of clusters, with the clusters that have a member in an expression. For the expression that
// the record names, or whose layer it names, it has all clusters and members.
type ClusterSet struct {
	rec.Entry[annotation.ClusterSet]
	Clusters []*Cluster
}

// Cluster is a cluster with its members, in the order of the record: those in the expression or, for the expression
// that the set names, all of them.
type Cluster struct {
	Set     *ClusterSet
	Index   int // in the record
	Value   *annotation.Cluster
	Members []*Member
}

// Member is a member of a cluster.
type Member struct {
	Cluster *Cluster
	Index   int // in the record
	Value   *layers.ObjectRef
	// Target is what the member refers to. A local reference refers to an annotation of the set's layer.
	Target anchor.Target
	// Annotation is the member if it is an annotation in the expression.
	Annotation *Annotation
	// Elsewhere is the member if it is an annotation of another expression's layer.
	Elsewhere *annotation.Annotation
	// Problem says why the member was not found, or is nil.
	Problem *Problem
}

// mention is a member of a cluster set, given by the indexes of its cluster and of the member in the cluster.
type mention struct{ cluster, member int }

// cluster adds the cluster sets of an expression. own are the layers about the expression itself, and copied maps
// annotations of its parent to their copies in the expression.
func (e *Expression) cluster(ctx context.Context, own []*Layer, copied copies) error {
	x := e.index
	names := map[syntax.ATURI]bool{}
	var uris []syntax.ATURI
	add := func(all []syntax.ATURI) {
		for _, uri := range all {
			if !names[uri] {
				names[uri] = true
				uris = append(uris, uri)
			}
		}
	}
	add(x.find(e.URI, clustersOf))
	layers := map[syntax.ATURI]*Layer{}
	for _, layer := range own {
		layers[layer.URI] = layer
		add(x.find(layer.URI, clustersOfLayer))
	}
	if e.Parent != nil {
		e.inherit(names, copied)
	}
	slices.Sort(uris)
	for _, uri := range uris {
		if invalid, ok := x.failures[uri]; ok {
			e.note(&Problem{uri, "", invalid.error()})
			continue
		}
		set, err := getAs[annotation.ClusterSet](ctx, x, uri)
		if err != nil {
			return err // the index has it
		}
		main := set.Value.Expression.Or("") == e.URI || layers[set.Value.LayerRef.Or("")] != nil
		if err := e.clusterSet(ctx, set, layers, main); err != nil {
			return err
		}
	}
	return nil
}

// inherit adds the clusters of the parent that have a member in the expression, except those of the sets in names,
// which are added whole.
func (e *Expression) inherit(names map[syntax.ATURI]bool, copied copies) {
	sets := map[*ClusterSet]*ClusterSet{}
	clusters := map[*Cluster]*Cluster{}
	for _, layer := range e.Parent.Layers {
		for _, a := range layer.Annotations {
			here := copied[a]
			if here == nil {
				continue
			}
			for _, m := range a.Members {
				if names[m.Cluster.Set.URI] {
					continue
				}
				cluster := clusters[m.Cluster]
				if cluster == nil {
					set := sets[m.Cluster.Set]
					if set == nil {
						set = &ClusterSet{Entry: m.Cluster.Set.Entry}
						sets[m.Cluster.Set] = set
					}
					cluster = &Cluster{Set: set, Index: m.Cluster.Index, Value: m.Cluster.Value}
					clusters[m.Cluster] = cluster
					set.Clusters = append(set.Clusters, cluster)
				}
				member := &Member{Cluster: cluster, Index: m.Index, Value: m.Value, Target: m.Target, Annotation: here}
				cluster.Members = append(cluster.Members, member)
				here.Members = append(here.Members, member)
			}
		}
	}
	for _, set := range sets {
		set.sort()
		e.Clusters = append(e.Clusters, set)
	}
	sortSets(e.Clusters)
}

// clusterSet adds a cluster set: the whole set, or only the members that are in layers, the expression's own layers.
func (e *Expression) clusterSet(ctx context.Context, entry rec.Entry[annotation.ClusterSet], layers map[syntax.ATURI]*Layer, whole bool) error {
	set := &ClusterSet{Entry: entry}
	at := func(i int) *Cluster {
		cluster := &Cluster{Set: set, Index: i, Value: &entry.Value.Clusters[i]}
		set.Clusters = append(set.Clusters, cluster)
		return cluster
	}
	if whole {
		for i := range entry.Value.Clusters {
			cluster := at(i)
			for j := range cluster.Value.Members {
				if err := e.member(ctx, cluster, j, layers); err != nil {
					return err
				}
			}
		}
		e.Clusters = append(e.Clusters, set)
		return nil
	}
	var here []mention
	for uri := range layers {
		here = append(here, e.index.mentionsOf(entry)[uri]...)
	}
	slices.SortFunc(here, func(a, b mention) int { return cmp.Or(a.cluster-b.cluster, a.member-b.member) })
	for _, m := range here {
		if n := len(set.Clusters); n == 0 || set.Clusters[n-1].Index != m.cluster {
			at(m.cluster)
		}
		if err := e.member(ctx, set.Clusters[len(set.Clusters)-1], m.member, layers); err != nil {
			return err
		}
	}
	e.Clusters = append(e.Clusters, set)
	return nil
}

// member adds member j of a cluster, and finds the annotation or the record that it refers to. layers are the
// expression's own layers.
func (e *Expression) member(ctx context.Context, cluster *Cluster, j int, layers map[syntax.ATURI]*Layer) error {
	m := &Member{Cluster: cluster, Index: j, Value: &cluster.Value.Members[j]}
	cluster.Members = append(cluster.Members, m)
	var err error
	if m.Target, err = anchor.OnlyTarget(m.Value); err == nil {
		uri, id := annotationOf(cluster.Set.Value, m.Target)
		switch target := m.Target.(type) {
		case anchor.Local, anchor.Object:
			if layer := layers[uri]; layer != nil {
				m.Annotation = layer.ids[id]
				err = found(m.Annotation != nil)
			} else {
				m.Elsewhere, err = e.index.object(ctx, uri, id)
			}
		case anchor.Record:
			_, err = e.index.get(ctx, target.URI)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.Annotation != nil {
		m.Annotation.Members = append(m.Annotation.Members, m)
	}
	if err != nil {
		m.Problem = &Problem{cluster.Set.URI, "/clusters/" + strconv.Itoa(cluster.Index) + "/members/" + strconv.Itoa(j), err}
		e.note(m.Problem)
	}
	return nil
}

// found returns ErrNoObject unless ok is set.
func found(ok bool) error {
	if ok {
		return nil
	}
	return ErrNoObject
}

// annotationOf returns the layer and the UUID of the annotation that a member is. Local objects are those of the set's
// layer.
func annotationOf(set *annotation.ClusterSet, target anchor.Target) (syntax.ATURI, string) {
	switch t := target.(type) {
	case anchor.Local:
		return set.LayerRef.Or(""), t.ID.Value
	case anchor.Object:
		return t.URI, t.ID.Value
	}
	return "", ""
}

// mentionsOf returns the members of a set that are annotations, by the URI of their layer.
func (x *Index) mentionsOf(set rec.Entry[annotation.ClusterSet]) map[syntax.ATURI][]mention {
	if all, ok := x.mentions[set.URI]; ok {
		return all
	}
	all := map[syntax.ATURI][]mention{}
	for i := range set.Value.Clusters {
		for j := range set.Value.Clusters[i].Members {
			target, _ := anchor.OnlyTarget(&set.Value.Clusters[i].Members[j]) // the main expression has the error
			if uri, _ := annotationOf(set.Value, target); uri != "" {
				all[uri] = append(all[uri], mention{i, j})
			}
		}
	}
	x.mentions[set.URI] = all
	return all
}

// object returns the annotation with the UUID id in the layer at uri, which it fetches from the source if need be.
func (x *Index) object(ctx context.Context, uri syntax.ATURI, id string) (*annotation.Annotation, error) {
	if uri == "" {
		return nil, fmt.Errorf("%w: the cluster set has no layerRef", anchor.ErrRecord)
	}
	known, ok := x.objects[uri]
	if !ok {
		layer, err := getAs[annotation.AnnotationLayer](ctx, x, uri)
		known = objects{layer: layer.Value, err: err, places: map[string]int{}}
		if err == nil {
			for i := range layer.Value.Annotations {
				if id := layer.Value.Annotations[i].UUID.Value; !known.has(id) {
					known.places[id] = i
				}
			}
		}
		x.objects[uri] = known
	}
	if known.err != nil {
		return nil, known.err
	}
	if !known.has(id) {
		return nil, ErrNoObject
	}
	return &known.layer.Annotations[known.places[id]], nil
}

// objects has a layer and the indexes of its annotations by their UUIDs, or the error of getting the layer.
type objects struct {
	layer  *annotation.AnnotationLayer
	err    error
	places map[string]int
}

func (o *objects) has(id string) bool {
	_, ok := o.places[id]
	return ok
}

// sort puts the clusters and members into the order of the record.
func (s *ClusterSet) sort() {
	slices.SortFunc(s.Clusters, func(a, b *Cluster) int { return a.Index - b.Index })
	for _, cluster := range s.Clusters {
		slices.SortFunc(cluster.Members, func(a, b *Member) int { return a.Index - b.Index })
	}
}

// sortSets sorts cluster sets by their URIs.
func sortSets(all []*ClusterSet) {
	slices.SortFunc(all, func(a, b *ClusterSet) int { return cmp.Compare(a.URI, b.URI) })
}
