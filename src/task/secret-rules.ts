/** One kind of secret that can be told by its form. */
export interface SecretRule {
  /** As a person calls it, with its article. */
  readonly kind: string;
  /** Global; `value`, where it is named, is the secret within the match. */
  readonly match: RegExp;
  /** Set where the form alone says little: only what looks drawn at random counts. */
  readonly random?: true;
}

/** What no issuer's form tells, but its name and looks. */
export const byName = 'a key or password';

/**
 * What the issuers of keys document of their form, each with a prefix of its own or under a name that only it has. Anchored by what may
 * not stand beside it, so that a longer word, a hash or a path is none.
 */
export const secretRules: readonly SecretRule[] = [
  { kind: 'an AWS access key', match: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA)[A-Z2-7]{16}(?![A-Za-z0-9])/g },
  {
    kind: 'an AWS secret key',
    match: /aws.{0,20}?(?:secret|sk).{0,20}?[=:]>?\s*["'`]?(?<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
    random: true,
  },
  {
    kind: 'a GitHub token',
    match: /(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})(?![A-Za-z0-9_])/g,
  },
  { kind: 'a GitLab token', match: /(?<![A-Za-z0-9_-])gl(?:pat|ptt|dt|rt|soat|ft|cbt|agent|imt|oas)-[\w-]{20,100}/g },
  {
    kind: 'a Slack token',
    match:
      /(?<![A-Za-z0-9_-])(?:xox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{20,})/g,
  },
  { kind: 'a Slack webhook', match: /hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/]{30,}/g },
  { kind: 'an Anthropic key', match: /(?<![A-Za-z0-9_-])sk-ant-[\w-]{20,200}/g },
  {
    kind: 'an OpenAI key',
    match: /(?<![A-Za-z0-9_-])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,250}|[A-Za-z0-9]{48}(?![\w-]))/g,
  },
  { kind: 'an OpenRouter key', match: /(?<![A-Za-z0-9_-])sk-or-v1-[0-9a-f]{64}/g },
  { kind: 'a Google API key', match: /(?<![A-Za-z0-9_-])AIza[\w-]{35}(?![\w-])/g },
  { kind: 'a Google client secret', match: /(?<![A-Za-z0-9_-])GOCSPX-[\w-]{28}(?![\w-])/g },
  { kind: 'a Stripe key', match: /(?<![A-Za-z0-9_])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}/g },
  { kind: 'a webhook secret', match: /(?<![A-Za-z0-9_])whsec_[A-Za-z0-9+/=]{24,}/g },
  { kind: 'an npm token', match: /(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g },
  {
    kind: 'a registry token',
    match: /_(?:authToken|auth|password)\s*=\s*["']?(?<value>[A-Za-z0-9+/=_.-]{16,})/g,
    random: true,
  },
  { kind: 'a PyPI token', match: /(?<![A-Za-z0-9_-])pypi-AgE[\w-]{50,}/g },
  { kind: 'a RubyGems key', match: /(?<![A-Za-z0-9_])rubygems_[0-9a-f]{48}/g },
  { kind: 'a Docker Hub token', match: /(?<![A-Za-z0-9_-])dckr_(?:pat|oat)_[\w-]{24,}/g },
  { kind: 'a Hugging Face token', match: /(?<![A-Za-z0-9_])hf_[A-Za-z]{34}(?![A-Za-z0-9])/g },
  { kind: 'a SendGrid key', match: /(?<![\w-])SG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g },
  { kind: 'a Twilio key', match: /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/g },
  { kind: 'a Mailgun key', match: /(?<![\w-])key-[0-9a-f]{32}(?![\w-])/g },
  { kind: 'a Mailchimp key', match: /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?!\w)/g },
  {
    kind: 'an Azure key',
    match: /(?:AccountKey|SharedAccessKey)=(?<value>[A-Za-z0-9+/]{40,86}={1,2})/g,
    random: true,
  },
  { kind: 'an Azure client secret', match: /(?<![\w~.-])[A-Za-z0-9_~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/g },
  { kind: 'a DigitalOcean token', match: /(?<![A-Za-z0-9_])do[opr]_v1_[0-9a-f]{64}/g },
  { kind: 'a Databricks token', match: /(?<![A-Za-z0-9])dapi[0-9a-f]{32}(?![A-Za-z0-9])/g },
  { kind: 'a Vault token', match: /(?<![A-Za-z0-9])hv[sbr]\.[\w-]{24,}/g },
  { kind: 'a Terraform token', match: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}/g },
  {
    kind: 'a Grafana token',
    match: /(?<![A-Za-z0-9_])glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|(?<![A-Za-z0-9_])glc_[\w+/=-]{32,}/g,
  },
  { kind: 'a Sentry token', match: /(?<![A-Za-z0-9_])sntry[su]_[\w+/=-]{40,}/g },
  { kind: 'a New Relic key', match: /(?<![A-Za-z0-9])NRAK-[A-Z0-9]{27}(?![A-Z0-9])/g },
  { kind: 'a Shopify token', match: /(?<![A-Za-z0-9_])shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}/g },
  { kind: 'a Linear key', match: /(?<![A-Za-z0-9_])lin_(?:api|oauth)_[A-Za-z0-9]{32,}/g },
  { kind: 'a Notion token', match: /(?<![A-Za-z0-9_])ntn_[A-Za-z0-9]{40,}/g },
  { kind: 'an Atlassian token', match: /(?<![A-Za-z0-9_])AT(?:ATT|CTT)3[\w=-]{60,}/g },
  { kind: 'a Postman key', match: /(?<![A-Za-z0-9])PMAK-[0-9a-f]{24}-[0-9a-f]{34}/g },
  { kind: 'a Supabase token', match: /(?<![A-Za-z0-9_])sbp_[0-9a-f]{40}/g },
  { kind: 'a PlanetScale token', match: /(?<![A-Za-z0-9_])pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}/g },
  { kind: 'a Telegram bot token', match: /(?<![A-Za-z0-9:])\d{8,10}:AA[\w-]{33}(?![\w-])/g },
  { kind: 'a Discord bot token', match: /(?<![\w.-])[MNO][A-Za-z0-9_-]{23,25}\.[\w-]{6}\.[\w-]{27,38}(?![\w.-])/g },
  { kind: 'a Doppler token', match: /(?<![A-Za-z0-9.])dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}/g },
  { kind: 'a 1Password token', match: /(?<![A-Za-z0-9_])ops_eyJ[\w+/=-]{100,}/g },
  { kind: 'an age key', match: /AGE-SECRET-KEY-1[A-Z0-9]{58}/g },
  {
    kind: 'a password in an address',
    match:
      /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'`]{0,100}:(?<value>[^\s:@/"'`]{8,200})@(?!localhost|127\.|\[::1\]|example\.)[\w.[-]/gi,
    random: true,
  },
  {
    kind: 'a password in a header',
    match: /authorization["'`]?\s*[:=,]\s*["'`]?(?:bearer|basic|token)\s+(?<value>[\w+/=.~-]{20,})/gi,
    random: true,
  },
  {
    kind: byName,
    match:
      /(?<name>(?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|credential)s?[\w.-]{0,30})["'`\]]{0,2}\s{0,5}(?::=|=>|[:=])\s{0,5}["'`]?(?<value>[^\s"'`,;<>(){}[\]]{16,200})(?![^\s"'`,;>)}\]])/gi,
    random: true,
  },
];

/** The line that a private key begins with, in the forms that programs write. */
export const privateKeyStart = /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/;
