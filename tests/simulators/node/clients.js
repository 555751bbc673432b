// The clients, pointed at a simulator by their own settings. What each script needs comes as one JSON argument:
// {url, realm, clientId, clientSecret, refreshToken, modules}; `modules` is the folder that npm installed into.
'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

const given = JSON.parse(process.argv[2]);
const installed = createRequire(path.join(given.modules, 'index.js'));
const QuickBooks = installed('node-quickbooks');
const OAuthClient = installed('intuit-oauth');

// Both clients keep their addresses in public constants; none of their code is changed.
QuickBooks.V3_ENDPOINT_BASE_URL = `${given.url}/v3/company/`;
QuickBooks.TOKEN_URL = `${given.url}/oauth2/v1/tokens/bearer`;
QuickBooks.REVOKE_URL = `${given.url}/v2/oauth2/tokens/revoke`;
QuickBooks.USER_INFO_URL = `${given.url}/v1/openid_connect/userinfo`;
OAuthClient.environment.sandbox = `${given.url}/`;

// Which methods of the clients a script calls; `run` tells them in the end.
const called = { 'node-quickbooks': new Set(), 'intuit-oauth': new Set() };

function noting(client, name) {
  return new Proxy(client, {
    get(target, property, self) {
      const value = Reflect.get(target, property, self);
      if (typeof value === 'function') {
        called[name].add(property);
      }
      return value;
    },
  });
}

function newOAuthClient(more = {}) {
  const client = new OAuthClient({
    ...more,
    clientId: given.clientId,
    clientSecret: given.clientSecret,
    environment: 'sandbox',
    redirectUri: 'http://localhost/callback',
  });
  const noted = noting(client, 'intuit-oauth');
  noted.setAuthorizeURLs({
    authorizeEndpoint: `${given.url}/connect/oauth2`,
    tokenEndpoint: `${given.url}/oauth2/v1/tokens/bearer`,
    revokeEndpoint: `${given.url}/v2/oauth2/tokens/revoke`,
    userInfoEndpoint: `${given.url}/v1/openid_connect/userinfo`,
  });
  return noted;
}

// A node-quickbooks client with a fresh access token; `call('createInvoice', …)` promises what the callback gets.
async function newQuickBooks() {
  const plain = new QuickBooks({
    consumerKey: given.clientId,
    consumerSecret: given.clientSecret,
    token: 'none yet',
    tokenSecret: false,
    realmId: given.realm,
    useSandbox: true,
    debug: false,
    minorversion: 75,
    oauthversion: '2.0',
    refreshToken: given.refreshToken,
  });
  const client = noting(plain, 'node-quickbooks');
  const call = (name, ...values) =>
    new Promise((resolve, reject) => {
      client[name](...values, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  await call('refreshAccessToken');
  return { client, call };
}

// What a call comes to that is to be refused: the code of its (first) fault, or that it was not refused.
function refusal(promise) {
  return promise.then(
    () => 'not refused',
    (error) => ((error.response && error.response.data) || error).Fault.Error[0].code,
  );
}

// One line of JSON a result; pytest compares them with what the simulator holds.
function tell(step, value) {
  process.stdout.write(`${JSON.stringify({ step, value })}\n`);
}

function run(main) {
  const done = main().then(() => {
    tell('called', Object.fromEntries(Object.entries(called).map(([name, methods]) => [name, [...methods]])));
  });
  done.catch((error) => {
    const answer = error && error.response && error.response.data;
    process.stderr.write(`${(error && error.stack) || JSON.stringify(error)}\n${JSON.stringify(answer)}\n`);
    process.exitCode = 1;
  });
}

module.exports = { given, newOAuthClient, newQuickBooks, OAuthClient, QuickBooks, refusal, run, tell };
