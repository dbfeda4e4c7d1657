import type { ModelRequest } from './model-request.ts';
import { editFile, type PlanStep, plan, runCommand, say, type Turn } from './model-turns.ts';

const titles = ['Read the request', 'Look at the repository', 'Write the notes'];

/** A model for demonstrations: whatever the prompt, it plans, looks round, writes a file and says what it did. */
export function demo(request: ModelRequest): Turn {
  const turns: readonly (() => Turn)[] = [
    () => plan(steps(1), 'I will look at the repository and write down what was asked.'),
    () => runCommand('git log --oneline -5; ls'),
    () => editFile('ERRAND-NOTES.md', `# Notes\n\nThe request was:\n\n${quote(request.prompt)}\n`),
    () => plan(steps(3)),
  ];
  const turn = turns[request.round];
  return turn === undefined
    ? say('I wrote the request to `ERRAND-NOTES.md`. This is the scripted demo model.')
    : turn();
}

function steps(done: number): readonly PlanStep[] {
  return titles.map((title, index) => [title, index < done ? 'completed' : index === done ? 'in_progress' : 'pending']);
}

function quote(text: string): string {
  return text
    .slice(0, 2_000)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
