import { defineConfig } from 'vitest/config'

const SECOND = 1_000

/** Four suites by what they need: nothing; the simulation; one real service; all of them. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20 * SECOND } },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 180 * SECOND } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120 * SECOND,
          hookTimeout: 300 * SECOND,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 600 * SECOND,
          hookTimeout: 300 * SECOND,
          fileParallelism: false,
        },
      },
    ],
  },
})
