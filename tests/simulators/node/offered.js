// What the clients have: the methods of each.
'use strict';

const { OAuthClient, QuickBooks, run, tell } = require('./clients');

run(async () => {
  tell('node-quickbooks', Object.keys(QuickBooks.prototype));
  tell('intuit-oauth', Object.keys(OAuthClient.prototype));
});
