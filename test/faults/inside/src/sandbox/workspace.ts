import * as real from '../../../../../src/sandbox/workspace.ts';
import { pointed, problem } from '../../pointed.ts';

export * from '../../../../../src/sandbox/workspace.ts';

const away = problem('disk_full', 'The disk of this machine is full: the suite says so.');

export function openWorkspaces(options: real.WorkspaceOptions): real.Workspaces {
  return pointed('workspaces', real.openWorkspaces(options), { away, except: ['notes', 'way'] });
}
