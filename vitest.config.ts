import { defineConfig } from 'vitest/config';

const heavy = { testTimeout: 180_000, hookTimeout: 180_000, pool: 'forks' as const };

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
      // Real Redis, Docker, git, agents: one file at a time, two cores are soon full.
      {
        test: {
          name: 'contracts',
          include: ['test/contracts/**/*.test.ts'],
          ...heavy,
          fileParallelism: false,
          maxConcurrency: 2,
        },
      },
      // The few that stand for all attacks; `npm run attacks` plays the rest.
      { test: { name: 'attacks', include: ['test/attacks/**/*.test.ts'], ...heavy, fileParallelism: false } },
      // A sample of `npm run faults`.
      { test: { name: 'faults', include: ['test/faults/**/*.test.ts'], ...heavy, fileParallelism: false } },
      {
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts', 'test/page/**/*.test.ts'],
          ...heavy,
          fileParallelism: false,
          maxConcurrency: 2,
        },
      },
    ],
  },
});
