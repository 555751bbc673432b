// The whole life of a connection with intuit-oauth: consent, code, user, API, refresh, revocation.
'use strict';

const { given, newOAuthClient, run, tell } = require('./clients');

run(async () => {
  const client = newOAuthClient();
  const address = client.authorizeUri({ scope: ['com.intuit.quickbooks.accounting', 'openid', 'email'], state: 'mine' });
  const click = new URLSearchParams({ realm_id: given.realm, decision: 'connect' });
  const consent = await fetch(address, { method: 'POST', body: click, redirect: 'manual' });
  const back = consent.headers.get('location');
  const token = (await client.createToken(back)).getJson();
  tell('token', token);
  tell('realm', client.getToken().realmId);
  tell('user', (await client.getUserInfo()).getJson());
  const url = `v3/company/${given.realm}/query?query=${encodeURIComponent('select count(*) from Customer')}`;
  tell('api', (await client.makeApiCall({ url })).json);
  const refusal = await client
    .makeApiCall({ url: `v3/company/${given.realm}/customer/987654` })
    .catch((error) => ({ code: error.code, fault: error.fault, intuitTid: error.intuit_tid || error.intuitTid }));
  tell('refusal', refusal);
  tell('refreshed', (await client.refresh()).getJson());
  tell('codeAgain', await client.createToken(back).then(() => 'given', () => 'refused'));

  const path = `v3/company/${given.realm}/customer`;
  const made = await client.makeApiCall({ url: path, method: 'POST', body: { DisplayName: 'Söhne' } });
  tell('made', made.json.Customer.DisplayName);

  const fresh = newOAuthClient({ includeRefreshTokenHardExpiresIn: true });
  tell('hardExpiry', (await fresh.refreshUsingToken(token.refresh_token)).getJson().x_refresh_token_hard_expires_in);
  await fresh.revoke();
  tell('revoked', await fresh.refreshUsingToken(token.refresh_token).then(() => 'given', () => 'refused'));
});
