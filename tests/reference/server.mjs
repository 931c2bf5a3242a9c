// Starts the reference PDS and the reference PLC directory on free loopback ports.
//
// Standard input and output carry one JSON value a line. The first line in holds the configuration, the first line
// out the addresses, once both servers are healthy. Every later line in is a command and is answered by one line.
// When standard input closes, because the test process asked for it or has died, the servers stop and their
// directory is removed.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import crypto from '@atproto/crypto'
import plcLib from '@did-plc/lib'
import plcServer from '@did-plc/server'
import reference from '@atproto/pds'

let directory // of the servers' data, made by the process that started this one

async function stop() {
  if (directory) await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  process.exit()
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.stdin.on('close', stop)
process.stdout.on('error', stop)

const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')

// A PDS has to know its own address before it listens. So the socket is opened first, on the loopback interface
// only, and the server is then made to listen on it.
async function socket() {
  const s = createServer()
  s.listen(0, '127.0.0.1')
  await once(s, 'listening')
  return s
}

async function listen(server, socket) {
  const listen = server.app.listen
  server.app.listen = () => listen.call(server.app, socket)
  await server.start()
}

async function healthy(url) {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  await answer.text()
}

async function start(config) {
  directory = config.directory
  let plcURL = config.plc
  if (!plcURL) {
    const plcSocket = await socket()
    plcURL = `http://127.0.0.1:${plcSocket.address().port}`
    await listen(plcServer.PlcServer.create({ db: plcServer.Database.mock() }), plcSocket)
  }

  const rotationKey = await crypto.Secp256k1Keypair.create({ exportable: true })
  const pdsSocket = await socket()
  const env = {
    port: pdsSocket.address().port,
    hostname: 'localhost',
    dataDirectory: directory,
    blobstoreDiskLocation: join(directory, 'blobs'),
    blobUploadLimit: config.blobLimit || undefined,
    enableDidDocWithSession: config.sessionDocuments,
    devMode: true,
    inviteRequired: false,
    serviceHandleDomains: ['.test'],
    didPlcUrl: plcURL,
    disableSsrfProtection: true,
    rateLimitsEnabled: config.rateLimits,
    jwtSecret: config.jwtSecret,
    adminPassword: config.adminPassword,
    dpopSecret: randomBytes(32).toString('hex'),
    plcRotationKeyK256PrivateKeyHex: Buffer.from(await rotationKey.export()).toString('hex'),
  }
  const cfg = reference.envToCfg(env)
  const pds = await reference.PDS.create(cfg, reference.envToSecrets(env))
  await listen(pds, pdsSocket)

  const pdsURL = cfg.service.publicUrl
  await Promise.all([healthy(`${plcURL}/_health`), healthy(`${pdsURL}/xrpc/_health`)])
  await healthy(`${pdsURL}/xrpc/com.atproto.server.describeServer`)

  const plc = new plcLib.Client(plcURL)
  const commands = {
    // What the directory says of an account is changed by an operation signed with the PDS's rotation key. The PDS
    // itself is not told.
    setPDS: ({ did, value }) => plc.updatePds(did, rotationKey, value),
    setHandle: ({ did, value }) => plc.updateHandle(did, rotationKey, value),
    tombstone: ({ did }) => plc.tombstone(did, rotationKey),

    // Entries without an account behind them, under one key, which is what takes the time.
    async createDIDs({ count }) {
      const key = await crypto.Secp256k1Keypair.create()
      const identities = []
      const add = async () => {
        while (identities.length < count) {
          const identity = { handle: `i${randomBytes(6).toString('hex')}.test` }
          identities.push(identity)
          identity.did = await plc.createDid({
            signingKey: key.did(),
            handle: identity.handle,
            pds: pdsURL,
            rotationKeys: [rotationKey.did()],
            signer: rotationKey,
          })
        }
      }
      await Promise.all(Array.from({ length: 16 }, add))
      return identities
    },

    // A new signing key, in the directory and at the PDS, and a commit signed with it.
    async rotateKey({ did }) {
      const key = await crypto.Secp256k1Keypair.create({ exportable: true })
      const { keyLocation } = await pds.ctx.actorStore.getLocation(did)
      await writeFile(keyLocation, await key.export())
      await plc.updateAtprotoKey(did, rotationKey, key.did())
      const commit = await pds.ctx.actorStore.transact(did, (store) => store.repo.processWrites([]))
      await pds.ctx.accountManager.updateRepoRoot(did, commit.cid, commit.rev)
      return key.did()
    },
  }
  return { ready: { pds: pdsURL, plc: plcURL, serviceDID: cfg.service.did }, commands }
}

let commands
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  try {
    if (!commands) {
      const started = await start(request)
      commands = started.commands
      say(started.ready)
    } else {
      say({ value: (await commands[request.command](request)) ?? null })
    }
  } catch (error) {
    console.error(error)
    say({ error: String(error?.message ?? error) })
  }
}
await stop()
