// What node-quickbooks does beyond single entities. The argument adds {invoice}: a body.
'use strict';

const { Readable } = require('node:stream');
const { given, newQuickBooks, refusal, run, tell } = require('./clients');

run(async () => {
  const { call } = await newQuickBooks();
  const since = new Date(Date.now() - 60000);
  const invoice = await call('createInvoice', given.invoice);

  const attached = await call('upload', 'note.txt', 'text/plain', Readable.from(['hello']), 'Invoice', invoice.Id);
  tell('attached', attached);

  const batch = await call('batch', [
    { bId: '1', operation: 'create', Customer: { DisplayName: 'Batch One' } },
    { bId: '2', operation: 'create', Customer: { DisplayName: 'batch one' } },
    { bId: '3', Query: "select * from Customer where DisplayName = 'Batch One'" },
  ]);
  tell('batch', batch.BatchItemResponse);
  tell('changes', (await call('changeDataCapture', ['Customer', 'Estimate'], since)).CDCResponse);

  await call('createCustomer', { DisplayName: "O'Neil & Söhne 100% + #1" });
  tell('quoted', (await call('findCustomers', { DisplayName: "O'Neil & Söhne 100% + #1" })).QueryResponse.Customer.length);
  const like = [
    { field: 'DisplayName', value: '%Söhne%', operator: 'LIKE' },
    { field: 'MetaData.LastUpdatedTime', value: since.toISOString(), operator: '>' },
    { field: 'Active', value: true },
    { desc: 'DisplayName' },
    { limit: 5 },
  ];
  tell('like', (await call('findCustomers', like)).QueryResponse.Customer.length);

  const once = { DisplayName: 'Only once', requestId: 'node-1' };
  const first = await call('createCustomer', { ...once });
  tell('once', first.Id === (await call('createCustomer', { ...once })).Id);
  const same = { ...given.invoice, DocNumber: 'N-1' };
  await call('createInvoice', { ...same });
  tell('duplicate', await refusal(call('createInvoice', { ...same })));
  tell('duplicateAllowed', await refusal(call('createInvoice', { ...same, allowDuplicateDocNum: true })));
});
