import type { Attack } from '../attack.ts';
import { dumpForge, dumpRedis, dumpSlack } from '../observers/stored.ts';

export const attacks: readonly Attack[] = [
  {
    id: 'C8',
    title: 'bring out what looks like a key: in a commit, its message, and printed',
    expected: 'nothing pushed; taken out of what is shown',
    attack: async (stage) => {
      // Made up anew each time, in the form of one.
      const key = `AKIA${stage.word.replaceAll(/[^a-z2-7]/g, '').toUpperCase()}QX7ZK4WJMPLRT2VD`.slice(0, 20);
      const script = `printf 'aws_access_key_id = %s\\n' "$KEY" > credentials
git add -A; git -c user.name=A -c user.email=a@localhost commit -qm "Use $KEY"
echo "Signed in with $KEY"`;
      const made = `KEY=${key.slice(0, 10)}; KEY="\${KEY}${key.slice(10)}"\n${script}`;
      const { id } = await stage.play(made);
      await stage.errand.quiet(id);
      const places = {
        'pushed to the forge': await dumpForge(stage),
        'shown in Slack': dumpSlack(stage),
        'kept in Redis': await dumpRedis(stage.at.redisSocket),
      };
      const found = Object.entries(places).flatMap(([place, text]) => (text.includes(key) ? [place] : []));
      return { through: found.length > 0, seen: found.length > 0 ? found.join(', ') : 'nothing pushed, nothing shown' };
    },
    control: { weakness: 'secrets-pass', without: 'no scan of the change' },
  },
];
