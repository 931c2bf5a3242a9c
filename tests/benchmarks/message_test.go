package benchmarks

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// messages returns n commit messages of a repository of 10,000 records: most create a record of about 1 kB, others replace or
// delete one.
func messages(n int) ([]*reposync.Commit, multikey.Key) {
	account := forge.New("did:plc:ewvi7nxzyoun6zhxrhs64oiz", multikey.K256)
	path := func(i int) string { return fmt.Sprintf("com.example.note/3kdbyhpf%05d", i) }
	var writes []repo.Write
	for i := range 10_000 {
		writes = append(writes, forge.Create(path(i), "text"))
	}
	account.Commit(writes...)
	r := rand.New(rand.NewPCG(5, 6))
	var all []*reposync.Commit
	for i := range n {
		write := forge.Create(path(10_000+i), fmt.Sprint(i, strings.Repeat(" text", 200)))
		switch r.IntN(10) {
		case 0:
			write = forge.Delete(path(i))
		case 1, 2:
			write.Path = path(r.IntN(10_000))
		}
		all = append(all, account.Commit(write))
	}
	return all, account.Key.Public()
}

// BenchmarkMessages verifies commit messages on one core: read without a check of blocks, inverted, and inverted and with the
// signature. of-floor is the time of hashing all blocks alone over the time of it all; for the signatures, of-k256 is that
// of the signature alone. tests/peers compares with indigo.
func BenchmarkMessages(b *testing.B) {
	all, key := messages(500)
	v := reposync.NewVerifier(reposync.WithClock(func() time.Time { return forge.Start.Add(24 * time.Hour) }))
	var blocks [][][]byte
	var unsigned, signatures [][]byte
	for _, m := range all {
		_, list := forge.Blocks(m.Blocks)
		var data [][]byte
		for _, block := range list {
			data = append(data, block.Data)
		}
		blocks = append(blocks, data)
		commit, err := repo.ParseCommit(list[0].Data)
		if err != nil {
			b.Fatal(err)
		}
		unsigned, signatures = append(unsigned, commit.Unsigned()), append(signatures, commit.Sig)
	}
	hash := func(i int) error {
		for _, block := range blocks[i] {
			sha256.Sum256(block)
		}
		return nil
	}
	for _, bench := range []struct {
		name, metric string
		floor, run   func(i int) error
	}{
		{"read", "of-floor", hash, func(i int) error { _, err := v.Read(all[i]); return err }},
		{"invert", "of-floor", hash, func(i int) error { _, err := v.Invert(all[i]); return err }},
		{
			"verify", "of-k256", func(i int) error { return key.Verify(unsigned[i], signatures[i]) },
			func(i int) error { _, err := v.Verify(all[i], key, reposync.State{}); return err },
		},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			var floor, spent time.Duration
			for n := range b.N {
				i := n % len(all)
				start := time.Now()
				if err := bench.floor(i); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				if err := bench.run(i); err != nil {
					b.Fatal(err)
				}
				floor += between.Sub(start)
				spent += time.Since(between)
			}
			b.ReportMetric(float64(floor)/float64(spent), bench.metric)
		})
	}
}
