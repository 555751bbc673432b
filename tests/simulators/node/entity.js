// One entity through all that node-quickbooks does with it: create, read, sparse and full update, find, count,
// delete. The argument adds {entity, body, change, deletes}.
'use strict';

const { given, newQuickBooks, run, tell } = require('./clients');

run(async () => {
  const { client, call } = await newQuickBooks();
  const { entity, body, change, deletes } = given;
  const find = `find${client.pluralize(entity)}`;

  const made = await call(`create${entity}`, body);
  tell('created', made);
  const read = await call(`get${entity}`, made.Id);
  tell('read', read);
  const sparse = { Id: made.Id, SyncToken: made.SyncToken, ...change };
  tell('sparse', await call(`update${entity}`, sparse));
  const whole = await call(`get${entity}`, made.Id);
  tell('full', await call(`update${entity}`, { ...whole, sparse: false }));

  tell('found', (await call(find, { Id: made.Id })).QueryResponse[entity]);
  tell('foundAmong', (await call(find, [{ field: 'Id', value: [made.Id], operator: 'IN' }])).QueryResponse[entity]);
  tell('counted', (await call(find, [{ count: true }])).QueryResponse.totalCount);
  const pages = await call(find, { fetchAll: true, limit: 1, asc: 'Id' });
  tell('all', (pages.QueryResponse[entity] || []).map((one) => one.Id));
  if (deletes) {
    tell('deleted', (await call(`delete${entity}`, made.Id))[entity]);
  }
});
