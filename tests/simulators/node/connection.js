// A connection as node-quickbooks itself keeps and ends it. The argument adds {useRefresh}: which token it revokes.
'use strict';

const { given, newQuickBooks, run, tell } = require('./clients');

run(async () => {
  const { client, call } = await newQuickBooks();
  tell('user', (await call('getUserInfo')).email);
  const { refreshToken } = client;
  tell('revoked', (await call('revokeAccess', given.useRefresh)).status);
  client.refreshToken = refreshToken;
  tell('refreshed', await call('refreshAccessToken').then(() => 'given', (error) => error.response.data.error));
});
