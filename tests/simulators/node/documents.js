// PDF, mail and void of documents with node-quickbooks. The argument adds {sale, payment}: bodies.
'use strict';

const { given, newQuickBooks, run, tell } = require('./clients');

run(async () => {
  const { call } = await newQuickBooks();
  const made = {};
  for (const entity of ['Invoice', 'Estimate', 'CreditMemo', 'SalesReceipt']) {
    const { Id } = await call(`create${entity}`, given.sale);
    made[entity] = Id;
    tell(`pdf ${entity}`, Buffer.from(await call(`get${entity}Pdf`, Id)).subarray(0, 5).toString());
    const sent = await call(`send${entity}Pdf`, Id, 'ann@example.com');
    tell(`sent ${entity}`, [sent.EmailStatus, sent.BillEmail.Address]);
    // Once it knows an address, it needs none.
    tell(`again ${entity}`, (await call(`send${entity}Pdf`, Id)).Id === Id);
  }
  tell('made', made);

  const link = { TxnId: made.Invoice, TxnType: 'Invoice' };
  const payment = await call('createPayment', {
    ...given.payment,
    Line: [{ Amount: given.payment.TotalAmt, LinkedTxn: [link] }],
  });
  tell('balancePaid', (await call('getInvoice', made.Invoice)).Balance);
  tell('paymentVoided', await call('voidPayment', { Id: payment.Id, SyncToken: payment.SyncToken }));
  tell('invoiceVoided', (await call('voidInvoice', made.Invoice)).Invoice);
  const other = await call('createInvoice', given.sale);
  tell('otherVoided', (await call('voidInvoice', other)).Invoice);
  tell('otherDeleted', (await call('deleteInvoice', await call('getInvoice', other.Id))).Invoice.status);
});
