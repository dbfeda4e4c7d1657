import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import {
  openWorkspaces as open,
  type Workspace,
  type WorkspaceOptions,
  type Workspaces,
} from '../../../../src/sandbox/workspace.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/workspace.ts';

const sharedUid = 49_999;

/** As in `src`, with uids apart from the real Errand's; some tasks get more room than allowed, some one uid for all. */
export function openWorkspaces(options: WorkspaceOptions): Workspaces {
  const workspaces = open({ ...options, firstUid: options.firstUid + 10_000 });
  const room = (task: string, bytes: number) => (weaknessOfTask(task) === 'space' ? bytes * 4 : bytes);
  const shares = (task: string) => weaknessOfTask(task) === 'shared-uid';
  return {
    ...workspaces,
    async claim(task, bytes) {
      const own = await workspaces.claim(task, room(task, bytes));
      return shares(task) ? { ...own, uid: sharedUid } : own;
    },
    async open(task, bytes) {
      const own = await workspaces.open(task, room(task, bytes));
      return shares(task) ? handOver(own) : own;
    },
    async find(task) {
      const own = await workspaces.find(task);
      return own !== undefined && shares(task) ? { ...own, uid: sharedUid } : own;
    },
  };
}

async function handOver(own: Workspace): Promise<Workspace> {
  const { hostPath } = own;
  if (hostPath === null) throw new Error('This weakness needs workspaces that are mounted');
  for (const path of ['', 'home', 'records']) await chown(join(hostPath, path), sharedUid, sharedUid);
  return { ...own, uid: sharedUid };
}
