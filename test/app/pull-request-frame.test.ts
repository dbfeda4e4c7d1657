import { describe, expect, test } from 'vitest';
import { framed } from '../../src/app/pull-request-frame.ts';

const own = '<!-- errand:start -->\n\nOWN\n\n<!-- errand:end -->';

describe('Errand’s part', () => {
  test.each([
    ['without a template stands alone', null, own],
    ['goes where the template says', 'Before\n<!-- errand -->\nAfter', `Before\n\n${own}\n\nAfter`],
    [
      'goes under what asks for a description',
      '# PR\n## What changed?\n<!-- say -->\n## Tests\n',
      `# PR\n## What changed?\n\n${own}\n\n<!-- say -->\n## Tests`,
    ],
    ['goes first where nothing asks for one', '- [ ] Tested', `${own}\n\n- [ ] Tested`],
    ['is not hidden by a comment without an end', '<!-- a\n## Summary\n', `${own}\n\n<!-- a\n## Summary`],
    ['is not hidden by a fence', '```\n## Summary\n```', `${own}\n\n\`\`\`\n## Summary\n\`\`\``],
    ['is not hidden by a tag', '<details>\n\n## Summary\n</details>', `${own}\n\n<details>\n\n## Summary\n</details>`],
  ])('%s', (_name, template, expected) => {
    expect(framed('OWN', template)).toBe(expected);
  });

  test('stays whole beside a template of any size', () => {
    const body = framed('OWN', 'x'.repeat(100_000));
    expect(body.startsWith(own)).toBe(true);
    expect(body.length).toBeLessThan(20_000);
  });
});

test('a template mentions nobody and closes nothing', () => {
  expect(framed('', 'cc @acme/owners, fixes #1, closes: acme/web#2')).not.toMatch(/@acme|#\d/);
});
