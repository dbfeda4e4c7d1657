import { describe, expect, test } from 'vitest';
import type { Errand } from './errands.ts';
import { toFigures } from './figures.ts';
import { floors } from './floors.ts';
import { type Measured, render, toReport } from './report.ts';

function errand(ms: number, failure: string | null = null): Errand {
  const at = { acknowledged: ms, root: ms * 2, ready: ms * 3, checkedOut: ms * 4, ended: ms * 6, opened: ms * 8 };
  return { commandAt: 0, at, failure };
}

function measured(more: Partial<Measured> = {}): Measured {
  const taken = Object.fromEntries(Object.keys(floors).map((floor) => [floor, [100, 110, 120]]));
  const alone = [errand(50), errand(40), errand(60)];
  return { alone, together: [[errand(90)]], floors: taken as unknown as Measured['floors'], ...more };
}

const aim = (report: ReturnType<typeof toReport>, name: string) => report.aims.find((each) => each.name === name)?.met;

describe('the report of a bench', () => {
  test('takes the median, the least and the nine-in-ten of what was measured', () => {
    expect(toFigures([5, 1, 4, 2, 3, 6, 7, 8, 10, 9])).toEqual({ runs: 10, median: 5, min: 1, p90: 9 });
  });

  test("leaves the script's own time out of the pull request's aim", () => {
    const report = toReport(measured());
    expect(report.alone.at(-1)).toMatchObject({ name: "… without the agent's own time", figures: { median: 300 } });
    expect(aim(report, 'Pull request, own time')).toBe(true);
  });

  test('holds the first record to docker run of the same run', () => {
    expect(aim(toReport(measured()), "Runner's first record")).toBe(true);
    expect(aim(toReport(measured({ alone: [errand(56)] })), "Runner's first record")).toBe(false);
  });

  test('counts what failed among eight at once', () => {
    const report = toReport(measured({ together: [[errand(90), errand(90, 'No pull request\nand a long log')]] }));
    expect(aim(report, 'Eight at once')).toBe(false);
    expect(render(report, { trace: false })).toContain('Failed: No pull request\n'.trim());
  });

  test('says so when the machine was not quiet', () => {
    const taken = { ...measured().floors, dockerRun: [100, 150, 250] };
    expect(render(toReport(measured({ floors: taken })), { trace: false })).toContain(
      'was not quiet: docker run alone varied 2.5-fold',
    );
    expect(render(toReport(measured()), { trace: false })).toContain('quiet enough');
  });

  test('fits a hundred columns', () => {
    const longest = render(toReport(measured()), { trace: true })
      .split('\n')
      .map((line) => [...line].length);
    expect(Math.max(...longest)).toBeLessThanOrEqual(100);
  });
});
