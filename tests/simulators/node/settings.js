// The company, its preferences and its taxes with node-quickbooks.
'use strict';

const { given, newQuickBooks, refusal, run, tell } = require('./clients');

run(async () => {
  const { call } = await newQuickBooks();
  const company = await call('getCompanyInfo', given.realm);
  tell('company', company.CompanyName);
  tell('legalName', (await call('updateCompanyInfo', { ...company, LegalName: 'Simulated, Inc.' })).LegalName);
  tell('companies', (await call('findCompanyInfos')).QueryResponse.CompanyInfo.map((one) => one.LegalName));

  const preferences = await call('getPreferences');
  const forms = { ...preferences.SalesFormsPrefs, AllowDeposit: true };
  await call('updatePreferences', { ...preferences, SalesFormsPrefs: forms });
  const found = (await call('findPreferenceses')).QueryResponse.Preferences;
  tell('allowDeposit', found.map((one) => one.SalesFormsPrefs.AllowDeposit));

  const agency = await call('createTaxAgency', { DisplayName: 'Node City' });
  tell('agency', (await call('getTaxAgency', agency.Id)).DisplayName);
  const agencies = (await call('findTaxAgencies', { Id: agency.Id })).QueryResponse.TaxAgency;
  tell('agencies', agencies.map((one) => one.DisplayName));
  const rate = { TaxRateName: 'Node City', RateValue: 2, TaxAgencyId: agency.Id, TaxApplicableOn: 'Sales' };
  const service = await call('createTaxService', { TaxCode: 'Node City tax', TaxRateDetails: [rate] });
  const [code] = (await call('findTaxCodes', { Name: 'Node City tax' })).QueryResponse.TaxCode;
  const [made] = (await call('findTaxRates', { Name: 'Node City' })).QueryResponse.TaxRate;
  tell('service', [service.TaxCodeId === code.Id, service.TaxRateDetails[0].TaxRateId === made.Id]);
  tell('taxCode', (await call('getTaxCode', code.Id)).Name);
  tell('taxRate', (await call('getTaxRate', made.Id)).RateValue);
  // Intuit documents no change of any of these.
  tell('refused', [
    await refusal(call('updateTaxAgency', { ...agency, DisplayName: 'Node State' })),
    await refusal(call('updateTaxCode', { ...code, Name: 'Node State tax' })),
    await refusal(call('updateTaxRate', { ...made, Name: 'Node State' })),
  ]);
});
