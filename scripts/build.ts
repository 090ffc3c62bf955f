import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { bundle } from './bundle.ts'
import { thirdParties, thirdPartyText } from './third-party.ts'

/** `npm run build`: the program as it is shipped, in dist/. */
const DIST = resolve(import.meta.dirname, '../dist')

const { modules } = await bundle(DIST)
await writeFile(join(DIST, 'THIRD-PARTY-LICENSES.txt'), thirdPartyText(thirdParties(modules)))
