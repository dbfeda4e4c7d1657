import { describe, expect, test } from 'vitest';
import { judged, type Pushed, type Rule } from '../../src/github/branch-rules.ts';

const pushed: Pushed = {
  branch: 'errand/t000001-fix',
  exists: false,
  signed: false,
  message: 'Fix the checkout',
  email: '7+errand-bot@users.noreply.github.com',
};
const pattern = (type: string, operator: string, wanted: string, negate = false): Rule => ({
  type,
  parameters: { operator, pattern: wanted, negate },
});

describe('a push is surely refused', () => {
  test.each<[string, Rule, Partial<Pushed>]>([
    ['where signatures are demanded and there is no key', { type: 'required_signatures' }, {}],
    ['where nobody creates such a branch', { type: 'creation' }, {}],
    ['where nobody pushes to such a branch', { type: 'update' }, { exists: true }],
    ['by a rule for names', pattern('branch_name_pattern', 'starts_with', 'feature/'), {}],
    ['by a rule for messages', pattern('commit_message_pattern', 'regex', '^[A-Z]+-\\d+'), {}],
    ['by a rule against words', pattern('commit_message_pattern', 'contains', 'checkout', true), {}],
    ['by a rule for addresses', pattern('commit_author_email_pattern', 'ends_with', '@acme.example'), {}],
    ['by one for committers', pattern('committer_email_pattern', 'ends_with', '@acme.example'), {}],
  ])('%s', (_name, rule, change) => {
    expect(judged(rule, { ...pushed, ...change })).not.toBeNull();
  });
});

describe('nothing is sure', () => {
  test.each<[string, Rule, Partial<Pushed>]>([
    ['with a key', { type: 'required_signatures' }, { signed: true }],
    ['of creation once the branch is there', { type: 'creation' }, { exists: true }],
    ['of updates before it is', { type: 'update' }, {}],
    ['of a name that fits', pattern('branch_name_pattern', 'starts_with', 'errand/'), {}],
    ['of an expression that is not ours', pattern('commit_message_pattern', 'regex', '(?P<n>x)'), {}],
    ['of one that might never end', pattern('commit_message_pattern', 'regex', '(a+)+$'), {}],
    ['of an operator nobody knows', pattern('commit_message_pattern', 'sounds_like', 'x'), {}],
    ['of a rule on files', { type: 'max_file_size', parameters: { max_file_size: 1 } }, {}],
    ['of a rule without parameters', { type: 'branch_name_pattern' }, {}],
  ])('%s', (_name, rule, change) => {
    expect(judged(rule, { ...pushed, ...change })).toBeNull();
  });
});
