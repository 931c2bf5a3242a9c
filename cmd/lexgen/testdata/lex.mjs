// Installs lexicons with @atproto/lex-installer, as its command does, but with a DNS and a PLC directory of the test's own,
// which its options and hooks allow. The arguments are the directory with node_modules and the options in JSON.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [, , dir, text] = process.argv
const require = createRequire(pathToFileURL(dir + '/'))
const { install } = require('@atproto/lex-installer')
const { authorities, ...options } = JSON.parse(text)
await install({
  ...options,
  allowHttp: true,
  hooks: {
    onResolveAuthority({ nsid }) {
      const did = authorities[nsid.authority]
      if (!did) throw new Error(`no authority for ${nsid}`)
      return did
    },
  },
})
