import { tellApart } from '../../setup/apart.ts';
import { makePlaces, type Places } from '../../setup/places.ts';
import { type Finding, ok, warn } from '../finding.ts';

const name = 'Users';

/** Whether the processes can be told apart by user here, which `npm start` tries the same way. */
export async function checkUsers(places: Places): Promise<Finding> {
  makePlaces(places);
  const apart = await tellApart(places);
  if (apart.type === 'apart') {
    const { bot, worker } = apart.users;
    return ok(name, `Bot (${bot.uid}), worker (${worker.uid}), the store and each gateway have users of their own.`);
  }
  const gateways = apart.ownGateways ? ', gateways apart' : '';
  const found = `All processes are one user${gateways}: ${apart.why}. Whoever takes over one can look into the others.`;
  return warn(name, found, apart.next);
}
