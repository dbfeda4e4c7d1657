import { defineConfig } from 'vitest/config';

/** Real Redis, Docker, git, agents: two files at a time, for two cores are soon full. The units come first. */
const heavy = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  pool: 'forks' as const,
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{contracts,journeys,page,attacks,faults}/**'],
        },
      },
      {
        test: {
          name: 'contracts',
          include: ['test/contracts/**/*.test.ts'],
          ...heavy,
          maxConcurrency: 2,
        },
      },
      // The few that stand for all attacks; `npm run attacks` plays the rest.
      { test: { name: 'attacks', include: ['test/attacks/**/*.test.ts'], ...heavy } },
      // A sample of `npm run faults`; `npm test` leaves it out, see docs/faults.md.
      { test: { name: 'faults', include: ['test/faults/**/*.test.ts'], ...heavy } },
      {
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts', 'test/page/**/*.test.ts'],
          ...heavy,
          maxConcurrency: 2,
        },
      },
    ],
  },
});
