/** The API's values by the names the dashboard uses. Their shapes come from the OpenAPI document (`npm run generate`). */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Page<T> = { items: T[]; cursor: string };

export type Conversation = Schemas["Conversation"] & {
  /** In lists and where one conversation is asked for; not in events and answers to changes. */
  contact?: ContactSummary | null;
  /** In a search: the newest message that was found. */
  match?: SearchMatch;
  /** Where one conversation is asked for. */
  rating?: Rating | null;
};
export type SearchMatch = Schemas["SearchMatch"];
/** What is left open is not there. */
export type ViewFilter = Partial<Schemas["ViewFilter"]>;
export type View = Omit<Schemas["View"], "filter"> & { filter: ViewFilter };
export type BulkAnswer = Schemas["BulkAnswer"];
export type ContactSummary = Schemas["ContactSummary"];
export type ConversationStatus = Schemas["ConversationStatus"];
export type ConversationPriority = Schemas["ConversationPriority"];
export type ConversationCounts = Schemas["ConversationCounts"];
export type MessageStatus = Schemas["MessageStatus"];
export type AuthResults = Schemas["AuthResults"];
export type Attachment = Schemas["Attachment"];
export type EmailContent = Schemas["EmailContent"];
export type Message = Schemas["Message"];
export type Delivery = Schemas["Delivery"];
export type DeliveryAttempt = Schemas["DeliveryAttempt"];
export type TransportSecurity = Schemas["TransportSecurity"];
export type Channel = Schemas["Channel"];
export type ChannelInput = Schemas["ChannelBody"];
export type TestStep = Schemas["TestStep"];
export type Contact = Schemas["Contact"];
export type ContactNote = Schemas["ContactNote"];
export type Activity = Schemas["Activity"];
export type Erasure = Schemas["Erasure"];
export type ErasureCounts = Schemas["ErasureCounts"];
export type ErasedSuppressions = Schemas["ErasedSuppressions"];
export type RetentionRules = Required<Schemas["RetentionRules"]>;
export type Rating = Schemas["Rating"];
export type RatingValue = Schemas["RatingValue"];
export type RatingSummary = Schemas["RatingSummary"];
export type RatingBy = Schemas["RatingBy"];
export type SurveySettings = Required<Schemas["SurveySettings"]>;
export type User = Schemas["User"];
export type CreatedUser = Schemas["CreatedUser"];
export type UserInput = Schemas["NewUser"];
/** Only what is to be different. */
export type UserChange = Partial<Schemas["UserChange"]>;
export type Invitation = Schemas["Invitation"];
export type Role = Schemas["Role"];
export type Team = Schemas["Team"];
export type TeamInput = Schemas["NewTeam"];
export type TeamChange = Schemas["TeamChange"];
export type Assignment = Schemas["Assignment"];
export type Session = Schemas["SignedInSession"];
/** The first step of a sign-in is done, and a code is needed. */
export type CodeNeeded = Schemas["CodeNeeded"];
export type OwnSession = Schemas["Session"];
export type SecondFactor = Schemas["SecondFactor"];
export type NewSecondFactor = Schemas["NewSecondFactor"];
export type RecoveryCodes = Schemas["RecoveryCodes"];
export type Workspace = Schemas["Workspace"];
export type WorkspaceChange = Partial<Schemas["WorkspaceChange"]>;
export type AuditEntry = Schemas["AuditEntry"];
export type IdentityProvider = Schemas["IdentityProvider"];
export type IdentityProviderInput = Schemas["IdentityProviderInput"];
export type SignInProvider = Schemas["SignInProvider"];
export type Automation = Schemas["Automation"];
export type AutomationTrigger = Schemas["AutomationTrigger"];
export type AutomationCondition = Schemas["Condition"];
export type AutomationAction = Schemas["AutomationAction"];
export type AutomationInput = Schemas["NewAutomation"];
export type AutomationChange = Schemas["AutomationChange"];
export type AutomationToTest = Schemas["AutomationToTest"];
export type AutomationTest = Schemas["AutomationTest"];
export type AutomationRun = Schemas["AutomationRun"];
export type AutomationStep = Schemas["AutomationStep"];
export type BusinessHours = Schemas["BusinessHours"];
export type WebhookEndpoint = Schemas["WebhookEndpoint"];
export type WebhookReplay = Schemas["WebhookReplay"];
export type WebhookAttempt = Schemas["WebhookAttempt"];
export type WebhookDelivery = Schemas["WebhookDelivery"];
export type Scope = Schemas["Scope"];
/** With the key itself in the answer to its creation alone. */
export type ApiKey = Schemas["ApiKey"] & { key?: string };
export type Template = Schemas["Template"];
export type TemplateSummary = Schemas["TemplateSummary"];
export type TemplateFormat = Schemas["TemplateFormat"];
export type TemplateContent = Schemas["TemplateContent"];
export type TemplatePreview = Schemas["TemplatePreview"];
export type TemplateVersion = Schemas["TemplateVersion"];
export type PostroomEvent = Pick<Schemas["Event"], "id" | "type" | "timestamp"> & { data: unknown };
export type OutgoingAttachment = { uploadId: string; filename: string; contentType: string; contentId?: string };
/** A server that was found out about; nothing of it where none was. */
export type DiscoveredServer = { host?: string; port?: number; secure?: boolean; auth?: { user?: string } };
export type Discovered = { imap: DiscoveredServer; smtp: DiscoveredServer; _source: string };
export type TestResult = { ok: boolean; steps: TestStep[] };
export type DomainStatus = Schemas["DomainStatus"];
export type DnsRecord = Schemas["DnsRecord"];
export type Domain = Schemas["Domain"];
export type DomainCheck = Schemas["DomainCheck"];
export type DomainExamination = Schemas["DomainExamination"];
export type UseCaseInput = Schemas["NewUseCase"];
export type UseCase = Schemas["UseCase"];
export type SuppressionScope = Schemas["SuppressionScope"];
export type SuppressionReason = Schemas["SuppressionReason"];
export type Suppression = Schemas["Suppression"];
export type SuppressionInput = Schemas["NewSuppression"];
export type SuppressionImport = Schemas["SuppressionImport"];
export type Broadcast = Schemas["Broadcast"];
export type BroadcastStatus = Schemas["BroadcastStatus"];
export type BroadcastProgress = Schemas["BroadcastProgress"];
export type BroadcastInput = Schemas["NewBroadcast"];
export type BroadcastChange = Schemas["BroadcastChange"];
export type BroadcastWithContent = Schemas["BroadcastWithContent"];
export type ServerDraft = Schemas["Draft"];
export type DraftContent = Required<Schemas["DraftContent"]>;
export type DraftFile = Schemas["UploadedFile"];
export type Upload = Schemas["Upload"];
export type ConversationPresence = Schemas["ConversationPresence"];
export type ContactList = Schemas["ContactList"];
export type ListMember = Schemas["ListMember"];
export type ListImport = Schemas["ListImport"];
export type MailCounts = Schemas["AnalyticsCounts"];
export type MailRates = Schemas["AnalyticsRates"];
export type AnalyticsSummary = Schemas["AnalyticsSummary"];
export type AnalyticsStretch = Schemas["AnalyticsStretch"];
export type AnalyticsSeries = Schemas["AnalyticsSeries"];
export type Sla = Schemas["Sla"];
export type SlaFilter = Schemas["SlaFilter"];
export type SlaPolicy = Schemas["SlaPolicy"];
export type SlaPolicyInput = Schemas["NewSlaPolicy"];
export type InsightBy = Schemas["InsightBy"];
export type InsightFigures = Schemas["InsightFigures"];
export type InsightSummary = Schemas["InsightSummary"];
export type InsightStretch = Schemas["InsightStretch"];
export type InsightSeries = Schemas["InsightSeries"];
export type InsightGroup = Schemas["InsightGroup"];
export type InsightGroups = Schemas["InsightGroups"];

/** RFC 9457; what stands before the server may answer with less. */
export type ProblemDocument = Partial<Omit<Schemas["Problem"], "errors">> & {
  errors?: { pointer?: string; detail: string }[];
};
