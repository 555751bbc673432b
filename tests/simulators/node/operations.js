// What node-quickbooks does beyond single entities. The argument adds {refs, invoice, payment}: ids, and bodies.
'use strict';

const { Readable } = require('node:stream');
const { given, newQuickBooks, run, tell } = require('./clients');

run(async () => {
  const { client, call } = await newQuickBooks();
  const since = new Date(Date.now() - 60000);
  const invoice = await call('createInvoice', given.invoice);

  tell('pdf', Buffer.from(await call('getInvoicePdf', invoice.Id)).subarray(0, 5).toString());
  tell('sent', await call('sendInvoicePdf', invoice.Id, 'ann@example.com'));
  const estimate = await call('createEstimate', given.invoice);
  tell('estimatePdf', Buffer.from(await call('getEstimatePdf', estimate.Id)).subarray(0, 5).toString());
  tell('estimateSent', (await call('sendEstimatePdf', estimate.Id, 'ann@example.com')).Id === estimate.Id);

  const payment = await call('createPayment', {
    ...given.payment,
    Line: [{ Amount: given.payment.TotalAmt, LinkedTxn: [{ TxnId: invoice.Id, TxnType: 'Invoice' }] }],
  });
  tell('balancePaid', (await call('getInvoice', invoice.Id)).Balance);
  tell('paymentVoided', await call('voidPayment', { Id: payment.Id, SyncToken: payment.SyncToken }));
  tell('invoiceVoided', (await call('voidInvoice', invoice.Id)).Invoice);

  const attached = await call('upload', 'note.txt', 'text/plain', Readable.from(['hello']), 'Invoice', invoice.Id);
  tell('attached', attached);

  const batch = await call('batch', [
    { bId: '1', operation: 'create', Customer: { DisplayName: 'Batch One' } },
    { bId: '2', operation: 'create', Customer: { DisplayName: 'batch one' } },
    { bId: '3', Query: "select * from Customer where DisplayName = 'Batch One'" },
  ]);
  tell('batch', batch.BatchItemResponse);
  tell('changes', (await call('changeDataCapture', ['Customer', 'Estimate'], since)).CDCResponse);

  tell('company', await call('getCompanyInfo', given.realm));
  const preferences = await call('getPreferences');
  const forms = { ...preferences.SalesFormsPrefs, AllowDeposit: true };
  tell('preferences', await call('updatePreferences', { ...preferences, SalesFormsPrefs: forms }));
  const agency = await call('createTaxAgency', { DisplayName: 'Node City' });
  const rate = { TaxRateName: 'Node City', RateValue: 2, TaxAgencyId: agency.Id, TaxApplicableOn: 'Sales' };
  tell('taxService', await call('createTaxService', { TaxCode: 'Node City tax', TaxRateDetails: [rate] }));
  tell('taxCodes', (await call('findTaxCodes', { Name: 'Node City tax' })).QueryResponse.TaxCode.length);
  tell('taxRates', (await call('findTaxRates', { Name: 'Node City' })).QueryResponse.TaxRate.length);

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
  const numbered = (body) => call('createInvoice', body).then(() => 'made', (error) => error.response.data.Fault.Error[0].code);
  tell('duplicate', await numbered({ ...same }));
  tell('duplicateAllowed', await numbered({ ...same, allowDuplicateDocNum: true }));
  tell('token', client.token);
});
